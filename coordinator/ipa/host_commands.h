#pragma once
// The FreeIPA commands behind IpaClient's methods, and what their answers mean. Pure. Every option
// here was tried against a real server; `raw`, `setattr` of passwords and deprecated calls are not
// used.

#include <string>

#include "coordinator/guests/ipa_client.h"
#include "coordinator/ipa/ipa_messages.h"

namespace innkeeper {

// One more `userclass` of every host of ours. host_find compares user classes as a whole, so the
// tags of a cluster can only be found by a value that all its hosts share.
std::string ClusterMark(const ClusterId& cluster);

absl::StatusOr<IpaCommand> ShowHostCommand(const Fqdn& fqdn);
absl::StatusOr<IpaCommand> AddHostCommand(const NewHost& host);
absl::StatusOr<IpaCommand> IssuePasswordCommand(const Fqdn& fqdn);
// Compare and swap: FreeIPA refuses with 4026 unless `now` is there, and the directory itself fails
// the change when another writer took `now` away in between.
absl::StatusOr<IpaCommand> RetagCommand(const Fqdn& fqdn, const OwnerTag& now,
                                        const OwnerTag& next);
absl::StatusOr<IpaCommand> DisableHostCommand(const Fqdn& fqdn);
absl::StatusOr<IpaCommand> DeleteHostCommand(const Fqdn& fqdn);
absl::StatusOr<IpaCommand> AddToHostGroupCommand(const std::string& group, const Fqdn& fqdn);
absl::StatusOr<IpaCommand> FindHostsCommand(const ClusterId& cluster);
// Hosts in whose description, or other text that host_find looks at, `text` occurs.
absl::StatusOr<IpaCommand> FindHostsCommand(const std::string& text);
// Compare and swap by the description: 4026 unless it is still that.
absl::StatusOr<IpaCommand> ClaimHostCommand(const HostClaim& claim);

// INTERNAL: the entry is no host.
absl::StatusOr<HostRecord> HostOf(const IpaEntry& entry);
// The answer's only entry. INTERNAL: none or several.
absl::StatusOr<IpaEntry> OnlyEntry(IpaAnswer answer);
// What hostgroup_add_member's answer means for the one host that was asked for.
absl::Status MembershipOf(const IpaAnswer& answer);
// "20261121101342Z"
std::optional<absl::Time> ParseGeneralizedTime(const std::string& text);

}  // namespace innkeeper
