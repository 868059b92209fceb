#pragma once
// What of a VirtualMachineInstance (kubevirt.io/v1) is looked at, and nothing more of it.

#include <string>
#include <string_view>

#include "base/status.h"
#include "coordinator/guests/ids.h"

namespace innkeeper {

struct VmiView {
  GuestKey key;
  std::string uid;
  std::string vm_uid;  // of the VirtualMachine that owns it; empty: it stands alone
  std::string domain;  // the firmware's UUID, in lower case: libvirt's name of it; may be empty
  std::string phase;   // Pending, Scheduling, Scheduled, Running, Succeeded, Failed, Unknown
  NodeName node;       // where it runs, also during a migration
  bool deleting = false;
  bool paused = false;
  bool agent_connected = false;  // virt-handler's word
  // The migration that status.migrationState names, until it has ended.
  NodeName source, target;
  bool operator==(const VmiView&) const = default;
};

// INVALID_ARGUMENT: no JSON object, or what is looked at is not of the type that the schema of
// KubeVirt gives it; names the field.
absl::StatusOr<VmiView> DecodeVmi(std::string_view object);

}  // namespace innkeeper
