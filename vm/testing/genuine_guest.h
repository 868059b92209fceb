#pragma once
// A guest without a VM: a genuine qemu-ga in its own mount, host name and pid namespaces, whose
// /etc, /var, /run and /root are private, so that several coexist and nothing they do there stays.
// Programs started through it run with this machine's binaries. Needs root and qemu-guest-agent.
//
// Inside, the agent may do whatever root may: commands that would reach this machine's kernel
// (time, shutdown, suspend, disks) are blocked.

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"
#include "base/testing/temp_dir.h"

namespace innkeeper {

class GenuineGuest {
 public:
  struct Options {
    std::string host_name = "guest";
    std::vector<std::string> blocked;  // agent commands, besides the dangerous ones
    bool frozen = false;               // the agent starts in its file-system-frozen state
  };

  // Waits until the agent listens. A machine that cannot do it (no root, no qemu-ga) is
  // FAILED_PRECONDITION.
  static absl::StatusOr<std::unique_ptr<GenuineGuest>> Start(Options options, const Call& call);
  ~GenuineGuest();  // kills all of it
  GenuineGuest(const GenuineGuest&) = delete;
  GenuineGuest& operator=(const GenuineGuest&) = delete;

  // Where the agent listens. The path outlives restarts of the agent.
  const std::string& socket() const { return socket_; }
  // The guest's file of that absolute path as a path of this machine.
  std::string Path(const std::string& file) const;
  void WriteFile(const std::string& file, const std::string& content) const;  // folders made
  std::string ReadFile(const std::string& file) const;                        // empty if missing

  // SIGSTOP and SIGCONT of the agent.
  void Freeze() const;
  void Thaw() const;
  // Kills the agent, not what it started, and starts it anew: its pids and handles are forgotten.
  absl::Status RestartAgent(const Call& call);
  // Kills every process inside; the files stay; the agent starts anew.
  absl::Status Reboot(const Call& call);

 private:
  explicit GenuineGuest(Options options);
  absl::Status Launch(const Call& call);
  absl::Status AwaitAgent(pid_t other_than, const Call& call);
  // Processes inside, as this machine numbers them, without the guest's first.
  std::vector<pid_t> Processes() const;
  pid_t Agent() const;  // 0: none

  const Options options_;
  TempDir folder_;
  std::string socket_;
  pid_t unshare_ = 0;  // our child
  pid_t init_ = 0;     // its child: the guest's first process
};

}  // namespace innkeeper
