#pragma once
// Processes as a bench sees them: what they cost, where they run, and starting one.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/call.h"
#include "base/clock.h"
#include "base/status.h"

namespace innkeeper {

// CPU time of all threads of a process, user and system; 0: this one. Zero when it is gone.
Duration ProcessCpu(pid_t pid = 0);
// Resident bytes, from /proc/PID/smaps_rollup; 0 when it is gone.
size_t ResidentBytes(pid_t pid);
// Resident bytes once two looks, half a second apart, differ by less than 16 KiB, or at the
// deadline. Blocks.
size_t SettledResidentBytes(pid_t pid, const Call& call);

// Which core latency is measured on: the other side gets another one where there are two.
enum class Core { kFirst, kSecond };
// All threads of this process from now on (call it before the first is started).
void PinThisProcess(Core core);

double Milliseconds(Duration duration);
double Microseconds(Duration duration);

// A program of ours in a process of its own, killed with this object.
class ChildProcess {
 public:
  enum class Pin { kNone, kFirst, kSecond };
  // Its standard error goes to `log` (a path).
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& command,
                                            const std::string& log, Pin pin);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  pid_t pid() const { return pid_; }

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace innkeeper
