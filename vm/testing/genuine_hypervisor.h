#pragma once

#include <map>
#include <string>

#include "base/guarded.h"
#include "vm/testing/fake_hypervisor.h"

namespace innkeeper {

// A daemon made by hand whose domains' agent commands go to genuine qemu-ga processes on unix
// sockets. Knows only paths, so that guests outlive a process under test that is killed.
class GenuineHypervisor {
 public:
  GenuineHypervisor();

  // Defines the domain, boots it and connects its agent. Thread-safe.
  void Add(const DomainState& domain, const std::string& agent_socket);
  // For all other verbs.
  FakeHypervisor& fake() { return fake_; }

 private:
  Guarded<std::map<DomainId, std::string>> sockets_;
  FakeHypervisor fake_;
};

}  // namespace innkeeper
