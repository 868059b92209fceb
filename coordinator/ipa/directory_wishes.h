#pragma once
// What must be in the directory so that the coordinator can do its work and nothing else. Pure: the
// options in, commands and checks out. docs/adr/0003-freeipa-enforces-the-tag.md has the reasons.
//
//   permission "Innkeeper <cluster> add hosts"      add     (userclass=innkeeper:<cluster>:*)
//   permission "Innkeeper <cluster> change hosts"   write   the same hosts: password, key, tag
//   permission "Innkeeper <cluster> delete hosts"   delete
//   (userclass=innkeeper:<cluster>:deleting:*) permission "Innkeeper <cluster> group <group>" write
//   that group's members privilege  "Innkeeper <cluster>"                holds them role "Innkeeper
//   <cluster>"                holds it, and the account

#include <functional>
#include <string>
#include <vector>

#include "coordinator/ipa/ipa_messages.h"
#include "coordinator/ipa/setup_options.h"

namespace innkeeper {

struct DirectoryWish {
  std::string what;  // "permission Innkeeper c1 add hosts"
  IpaCommand show;   // NOT_FOUND: has to be created
  IpaCommand create;
  // What the entry that is there lacks, for people; empty: nothing.
  std::function<std::string(const IpaEntry&)> lacks;
  IpaCommand change;  // repairs that
};

// In the order in which they must be fulfilled; the account's own entry is not among them.
// INVALID_ARGUMENT: a name that could not be used.
absl::StatusOr<std::vector<DirectoryWish>> RoleWishes(const SetupOptions& options);
// That the account (which exists by then) has the role.
absl::StatusOr<DirectoryWish> MembershipWish(const SetupOptions& options);
// The service's host and the service itself, for AccountKind::kService.
absl::StatusOr<std::vector<DirectoryWish>> ServiceWishes(const SetupOptions& options);

std::string RoleName(const SetupOptions& options);
std::string AccountName(const SetupOptions& options);  // user name or principal

}  // namespace innkeeper
