#pragma once
// What of a VirtualMachine (kubevirt.io/v1) is looked at, and nothing more of it.

#include <cstddef>
#include <optional>
#include <string>

namespace innkeeper {

// spec.instancetype or spec.preference. An empty name: none, or not yet inferred from a volume.
struct VmReference {
  std::string kind, name;
};

// Where the user-data of a cloud-init volume comes from. At most one is set in a valid VM; a merge
// of somebody's manifest over a VM of ours can bring two.
struct UserDataSource {
  std::optional<std::string> text, base64, secret;
  bool operator==(const UserDataSource&) const = default;
};

struct VmList {
  bool exists = false;
  size_t size = 0;
  std::optional<size_t> ours;  // place of the entry named kJoinVolume
};

struct VmView {
  std::string name, ns, uid;
  bool deleting = false;
  bool stopped = false;  // status.printableStatus is "Stopped"

  std::optional<std::string> enroll, old_enroll;  // labels' values
  bool has_metadata = false, has_annotations = false;
  std::optional<std::string> fqdn, delivery, prepared;
  VmReference instance_type, preference;

  // Of spec.template.spec: what is there to be added to.
  bool has_spec = false, has_domain = false, has_devices = false;
  VmList disks, volumes;
  // Of the volume named kJoinVolume: its Secret, if it is one with our label.
  std::optional<std::string> join_secret;

  // The first cloud-init volume, which is the only one that counts.
  std::optional<size_t> cloud_init;  // its place in volumes
  std::string cloud_init_kind;       // "cloudInitNoCloud" or "cloudInitConfigDrive"
  UserDataSource user_data;

  bool ill_formed = false;  // something was not of the type it should be: the schema refuses it
};

}  // namespace innkeeper
