#pragma once

#include <memory>
#include <string>

#include "vm/hypervisor.h"

namespace innkeeper {

// The other side of a test: changes domains of a libvirt daemon through a connection of its own.
// Every failure fails the test's process (IK_CHECK): the daemon is part of the test's set-up.
class LibvirtControl {
 public:
  explicit LibvirtControl(const std::string& uri);
  ~LibvirtControl();

  DomainId Define(const std::string& xml);
  void Start(const DomainId& id);
  void PowerOff(const DomainId& id);
  void Pause(const DomainId& id);
  void Resume(const DomainId& id);
  void Undefine(const DomainId& id);
  // The element <guest ATTRIBUTES/> in our namespace, on the persistent definition and the live
  // domain.
  void SetWish(const DomainId& id, const std::string& attributes);
  // The guest agent's answer, or libvirt's error text.
  std::string Agent(const DomainId& id, const std::string& command);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace innkeeper
