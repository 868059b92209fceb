#pragma once
// What Innkeeper writes into a VirtualMachine and reads from one: names on the wire. Stable.

#include <optional>
#include <string>
#include <string_view>

namespace innkeeper {

// "true" or "false", on the VM itself; the second is the older joiner's. On a namespace, instance
// type or preference only "true" counts.
inline constexpr char kEnrollLabel[] = "innkeeper.dev/enroll";
inline constexpr char kOldEnrollLabel[] = "ipa-enroll";

inline constexpr char kFqdnAnnotation[] = "innkeeper.dev/fqdn";
inline constexpr char kDeliveryAnnotation[] = "innkeeper.dev/delivery";  // auto, cloudInit, agent
// Ours: what was put into the VM and what stood there before (prepared_record.h).
inline constexpr char kPreparedAnnotation[] = "innkeeper.dev/prepared";

inline constexpr char kJoinVolume[] = "innkeeper";  // of the disk with the join script
inline constexpr char kJoinLabel[] = "INNKEEPER";   // its file system's: what the guest looks for

// The Secrets of one VM, in its namespace.
struct VmSecretNames {
  std::string join, user_data;
  bool operator==(const VmSecretNames&) const = default;
};
// "<vm>-innkeeper" and "<vm>-innkeeper-user-data"; where that passes 253 bytes, the VM's name is
// cut and its digest put behind.
VmSecretNames SecretNamesOf(std::string_view vm);
// For a VM whose name the API server chooses after admission (generateName): made from the review's
// uid, which nobody can guess or choose.
VmSecretNames SecretNamesForReview(std::string_view review_uid);
// Both names of a VM one of whose Secrets has this name, if SecretNamesForReview made it.
std::optional<VmSecretNames> ReviewNamesWith(std::string_view secret);

}  // namespace innkeeper
