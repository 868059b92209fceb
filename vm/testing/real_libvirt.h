#pragma once
// A real libvirtd with emulated guests, brought up by tests/env for one test program and taken down
// with it. For tests labelled `real`: they need root and Debian 12's packages.

#include <sys/types.h>

#include <string>
#include <vector>

namespace innkeeper {

class RealLibvirt {
 public:
  RealLibvirt();  // a host of its own, named by this process
  ~RealLibvirt();
  RealLibvirt(const RealLibvirt&) = delete;
  RealLibvirt& operator=(const RealLibvirt&) = delete;

  const std::string& uri() const { return uri_; }
  // kill -9 of the daemon: its guests survive. Start brings it back.
  void Kill();
  void Start();
  // SIGSTOP and SIGCONT of the daemon.
  void Pause();
  void Resume();

  // A guest's name that no other test program uses: some run at the same time.
  std::string Unique(const std::string& name) const { return host_ + "-" + name; }
  // The XML of a guest that boots in seconds, with a genuine guest agent; `options` as of `env tiny
  // xml`.
  std::string TinyGuest(const std::string& name,
                        const std::vector<std::string>& options = {}) const;
  // The pid of the emulator that runs the guest of this name; 0: none.
  pid_t Emulator(const std::string& name) const;

 private:
  const std::string host_;
  std::string uri_;
};

}  // namespace innkeeper
