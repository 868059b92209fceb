#include "base/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "base/testing/temp_dir.h"

namespace innkeeper {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::StartsWith;

// The program under test runs in a process of its own, as signals are the process's. It speaks to
// this one as to systemd.
class DaemonTest : public testing::Test {
 protected:
  DaemonTest() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    dir_.File("notify").copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~DaemonTest() override { close(socket_); }

  // Runs `program` on a Daemon; its exit code is 0 when Run returned OK.
  void Spawn(const std::function<void(Daemon&)>& program) {
    child_ = fork();
    if (child_ != 0) return;
    setenv("NOTIFY_SOCKET", dir_.File("notify").c_str(), 1);
    Daemon daemon;
    program(daemon);
    _exit(daemon.Run(hours(1)).ok() ? kExitOk : kExitFailed);
  }
  // The next thing the program told. Waits for it.
  std::string Told() const {
    char buffer[4096];
    const ssize_t size = recv(socket_, buffer, sizeof buffer, 0);
    return size < 0 ? std::strerror(errno) : std::string(buffer, static_cast<size_t>(size));
  }
  int ExitCode() const {
    int status = 0;
    waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void Signal(int number) const { kill(child_, number); }

  // A part that tells of its start and stop.
  static Daemon::Part Telling(Daemon& daemon, const std::string& name,
                              absl::Status started = absl::OkStatus()) {
    return {.name = name,
            .start =
                [&daemon, name, started] {
                  daemon.SetStatus("start " + name);
                  return started;
                },
            .stop = [&daemon, name](const Call&) { daemon.SetStatus("stop " + name); }};
  }

 private:
  TempDir dir_;
  const int socket_;
  pid_t child_ = -1;
};

TEST_F(DaemonTest, StartsItsPartsInOrderAndStopsThemInReverse) {
  Spawn([](Daemon& daemon) {
    daemon.Add(Telling(daemon, "store"));
    daemon.Add(Telling(daemon, "server"));
  });
  EXPECT_EQ(Told(), "STATUS=start store");
  EXPECT_EQ(Told(), "STATUS=start server");
  EXPECT_EQ(Told(), "READY=1");
  Signal(SIGTERM);
  EXPECT_EQ(Told(), "STOPPING=1");
  EXPECT_EQ(Told(), "STATUS=stop server");
  EXPECT_EQ(Told(), "STATUS=stop store");
  EXPECT_EQ(ExitCode(), kExitOk);
}

TEST_F(DaemonTest, StopsOnlyWhatStartedWhenAPartFails) {
  Spawn([](Daemon& daemon) {
    daemon.Add(Telling(daemon, "store"));
    daemon.Add(Telling(daemon, "server", absl::UnavailableError("address in use")));
    daemon.Add(Telling(daemon, "never"));
  });
  EXPECT_EQ(Told(), "STATUS=start store");
  EXPECT_EQ(Told(), "STATUS=start server");
  EXPECT_EQ(Told(), "STOPPING=1");
  EXPECT_EQ(Told(), "STATUS=stop store");
  EXPECT_EQ(ExitCode(), kExitFailed);
}

TEST_F(DaemonTest, ReloadsOnHangupAndGoesOn) {
  Spawn([](Daemon& daemon) { daemon.OnReload([&daemon] { daemon.SetStatus("reread"); }); });
  EXPECT_EQ(Told(), "READY=1");
  Signal(SIGHUP);
  EXPECT_THAT(Told(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_EQ(Told(), "STATUS=reread");
  EXPECT_EQ(Told(), "READY=1");
  Signal(SIGINT);
  EXPECT_EQ(Told(), "STOPPING=1");
  EXPECT_EQ(ExitCode(), kExitOk);
}

TEST_F(DaemonTest, FailsWhenAThreadAsksItToStopWithAnError) {
  Spawn([](Daemon& daemon) {
    daemon.Add({.name = "loop",
                .start =
                    [&daemon] {
                      std::thread([&daemon] {
                        daemon.RequestStop(absl::InternalError("store lost"));
                        daemon.RequestStop(absl::OkStatus());  // too late to make it a success
                      }).join();
                      return absl::OkStatus();
                    },
                .stop = nullptr});
    daemon.Add(Telling(daemon, "never"));
  });
  EXPECT_EQ(Told(), "STOPPING=1");
  EXPECT_EQ(ExitCode(), kExitFailed);
}

TEST_F(DaemonTest, IgnoresAStrayWakeUpSignal) {
  Spawn([](Daemon&) {});
  EXPECT_EQ(Told(), "READY=1");
  Signal(SIGUSR2);
  Signal(SIGTERM);
  EXPECT_EQ(ExitCode(), kExitOk);
}

TEST_F(DaemonTest, SurvivesAWriteToAClosedPipe) {
  Spawn([](Daemon& daemon) {
    daemon.Add({.name = "pipe",
                .start =
                    [] {
                      int ends[2];
                      if (pipe(ends) != 0) return absl::InternalError("pipe");
                      close(ends[0]);
                      const ssize_t wrote = write(ends[1], "x", 1);
                      return wrote < 0 ? absl::OkStatus() : absl::InternalError("written");
                    },
                .stop = nullptr});
  });
  EXPECT_EQ(Told(), "READY=1");
  Signal(SIGTERM);
  EXPECT_EQ(ExitCode(), kExitOk);
}

TEST_F(DaemonTest, LetsNoStatusTextForgeAnotherAssignment) {
  Spawn([](Daemon& daemon) { daemon.SetStatus("a\nREADY=1"); });
  EXPECT_EQ(Told(), "STATUS=a READY=1");
  EXPECT_EQ(Told(), "READY=1");
  Signal(SIGTERM);
  EXPECT_EQ(ExitCode(), kExitOk);
}

TEST_F(DaemonTest, FeedsTheWatchdogOnlyWhileTheLoopTurns) {
  Spawn([](Daemon& daemon) {
    setenv("WATCHDOG_USEC", "2000", 1);
    unsetenv("WATCHDOG_PID");
    daemon.OnWatchdog([&daemon, turns = 0]() mutable {
      if (++turns <= 2) return true;
      if (turns == 5) daemon.RequestStop(absl::OkStatus());
      return false;
    });
  });
  EXPECT_EQ(Told(), "READY=1");
  EXPECT_EQ(Told(), "WATCHDOG=1");
  EXPECT_EQ(Told(), "WATCHDOG=1");
  EXPECT_EQ(Told(), "STOPPING=1");
  EXPECT_EQ(ExitCode(), kExitOk);
}

TEST_F(DaemonTest, GivesEachPartWhatIsLeftOfTheDrain) {
  Spawn([](Daemon& daemon) {
    daemon.Add({.name = "x",
                .start = [] { return absl::OkStatus(); },
                .stop =
                    [&daemon](const Call& drain) {
                      const bool within =
                          drain.Remaining() > seconds(0) && drain.Remaining() <= hours(1);
                      daemon.SetStatus(within ? "within" : "without");
                    }});
  });
  EXPECT_EQ(Told(), "READY=1");
  Signal(SIGTERM);
  EXPECT_EQ(Told(), "STOPPING=1");
  EXPECT_EQ(Told(), "STATUS=within");
  EXPECT_EQ(ExitCode(), kExitOk);
}

}  // namespace
}  // namespace innkeeper
