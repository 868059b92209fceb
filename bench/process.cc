#include "bench/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <utility>

namespace innkeeper {
namespace {

constexpr size_t kStill = 16 * 1024;  // bytes

void PinTo(int core) {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (cores < 2) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  sched_setaffinity(0, sizeof set, &set);
}

// In the child, between fork and exec: only what is safe there.
[[noreturn]] void Become(char* const* argv, int log, ChildProcess::Pin pin) {
  if (pin != ChildProcess::Pin::kNone) PinTo(pin == ChildProcess::Pin::kFirst ? 0 : 1);
  dup2(log, STDERR_FILENO);
  dup2(log, STDOUT_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

}  // namespace

Duration ProcessCpu(pid_t pid) {
  clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
  if (pid != 0 && clock_getcpuclockid(pid, &clock) != 0) return Duration::zero();
  timespec used{};
  if (clock_gettime(clock, &used) != 0) return Duration::zero();
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

size_t ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::string word;
  while (file >> word) {
    size_t kilobytes = 0;
    if (word == "Rss:" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

size_t SettledResidentBytes(pid_t pid, const Call& call) {
  size_t before = ResidentBytes(pid);
  while (call.Remaining() > Duration::zero()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const size_t now = ResidentBytes(pid);
    const size_t change = now > before ? now - before : before - now;
    before = now;
    if (change < kStill) break;
  }
  return before;
}

void PinThisProcess(Core core) { PinTo(core == Core::kFirst ? 0 : 1); }

double Milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double Microseconds(Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& command,
                                                 const std::string& log, Pin pin) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return ErrnoStatus(errno, "open " + log);
  const pid_t pid = fork();
  if (pid == 0) Become(argv.data(), file, pin);
  close(file);
  if (pid < 0) return ErrnoStatus(errno, "fork");
  return ChildProcess(pid);
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

}  // namespace innkeeper
