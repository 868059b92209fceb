#include "base/failpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "base/testing/temp_dir.h"

namespace innkeeper {
namespace {

#if defined(INNKEEPER_FAILPOINTS)

// Runs `act` in a process of its own with `armed` in its environment: failpoints are read once.
// Returns waitpid's status.
int RunArmed(const std::string& armed, const std::function<int()>& act) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("INNKEEPER_FAILPOINTS", armed.c_str(), 1);
    _exit(act());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

bool ExitedWith(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

TEST(Failpoint, DoesNothingUnlessArmed) {
  const int status = RunArmed("other=kill", [] {
    FAILPOINT("order.sent");
    return FAILPOINT_STATUS("order.sent").ok() ? 0 : 1;
  });
  EXPECT_TRUE(ExitedWith(status, 0));
}

TEST(Failpoint, KillsAsASignalWould) {
  const int status = RunArmed("order.sent=kill", [] {
    FAILPOINT("order.sent");
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(Failpoint, ActsAtTheNumberedPassOnly) {
  const int status = RunArmed("answer=error:UNAVAILABLE@2;x=kill", [] {
    const bool first = FAILPOINT_STATUS("answer").ok();
    const absl::Status second = FAILPOINT_STATUS("answer");
    const bool third = FAILPOINT_STATUS("answer").ok();
    return first && absl::IsUnavailable(second) && third ? 0 : 1;
  });
  EXPECT_TRUE(ExitedWith(status, 0));
}

TEST(Failpoint, WaitsUntilItsFileExists) {
  TempDir dir;
  const std::string go = dir.File("go@1st");  // an @ that begins no number is part of the name
  const std::string reached = dir.File("reached");
  std::jthread opener([&] {
    struct stat facts;
    while (stat(reached.c_str(), &facts) != 0) std::this_thread::yield();
    std::ofstream(go) << "";
  });
  const int status = RunArmed("step=pause:" + go, [&] {
    std::ofstream(reached) << "";
    FAILPOINT("step");
    struct stat facts;
    return stat(go.c_str(), &facts);
  });
  EXPECT_TRUE(ExitedWith(status, 0));
}

TEST(Failpoint, RefusesAMisspeltAction) {
  const int status = RunArmed("step=kll", [] {
    FAILPOINT("step");
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

#else

TEST(Failpoint, IsCompiledToNothingInAReleaseBuild) {
  setenv("INNKEEPER_FAILPOINTS", "order.sent=kill", 1);
  FAILPOINT("order.sent");
  EXPECT_TRUE(FAILPOINT_STATUS("order.sent").ok());
}

#endif

}  // namespace
}  // namespace innkeeper
