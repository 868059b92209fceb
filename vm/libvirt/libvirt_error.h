#pragma once
// libvirt's errors as statuses. Decided by numbers, which its headers of version 9 do not all name;
// by text only where the numbers say no more than "the guest agent".

#include <string>

#include "base/status.h"

namespace innkeeper {

struct LibvirtError {
  int code = 0;
  int domain = 0;
  int int1 = 0;
  std::string message;
};

// The calling thread's last error. The next libvirt call on this thread clears it: take it at once.
LibvirtError TakeLastError();
// The connection or the login is at fault, and no domain: reconnect.
bool IsConnectionLoss(const LibvirtError& error);
// "doing: message" with the code that Hypervisor promises, and an AgentFailure where there is one.
absl::Status ToStatus(const LibvirtError& error, const std::string& doing);

}  // namespace innkeeper
