#pragma once
// What the core needs of FreeIPA, in its own terms. Implementations: ipa/JsonRpcIpaClient and
// testing/FakeIpaClient; one contract test runs on both.
//
// Errors of every method:
//   UNAVAILABLE, DEADLINE_EXCEEDED  no server answered; see OutcomeUnknown for writes
//   PERMISSION_DENIED               a right is missing, or the account is locked: a person must act
//   INVALID_ARGUMENT                FreeIPA refuses the values; final until they change
//   ABORTED                         changed by somebody else in the same moment: try again at once
//   INTERNAL                        an answer that makes no sense
// All block up to the call's deadline and are thread-safe.

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/call.h"
#include "base/secret.h"
#include "base/status.h"
#include "coordinator/guests/ids.h"

namespace innkeeper {

struct HostRecord {
  Fqdn fqdn;
  std::string dn;
  std::vector<std::string> user_classes;  // our tag is among them, if it is ours
  std::string description;
  std::vector<std::string> host_groups;
  bool has_password = false;  // a one-time password waits
  bool has_keytab = false;    // enrolled
  std::optional<absl::Time> keytab_since;
  // The first value of user_classes that is an owner tag.
  std::optional<OwnerTag> Owner() const;
};

// A one-time password and the server that has it: joining elsewhere may fail until it replicated.
struct IssuedPassword {
  Secret password;
  std::string server;
};

enum class PasswordWish { kNone, kRandom };

struct NewHost {
  Fqdn fqdn;
  OwnerTag owner;
  std::string host_class;  // one more userclass for automember rules; empty: none
  std::string description;
  PasswordWish password = PasswordWish::kNone;
};

// A host that somebody else made, as it must still be when it is taken over, and what it becomes.
struct HostClaim {
  Fqdn fqdn;
  std::string description;
  OwnerTag owner;
  std::string new_description;
};

// How virt-ipa-joiner begins the description of a host. The rest of it is no secret to FreeIPA's
// users and holds the host's one-time password: it is never shown, logged or kept by us.
inline constexpr char kJoinerDescription[] = "Created by virt-ipa-joiner at ";

struct IpaFacts {
  std::string server, version, domain, realm, base_dn;
  size_t longest_host_name = 64;
};

class IpaClient {
 public:
  virtual ~IpaClient() = default;

  virtual absl::StatusOr<IpaFacts> Facts(const Call& call) = 0;

  // NOT_FOUND: no such host.
  virtual absl::StatusOr<HostRecord> ShowHost(const Fqdn& fqdn, const Call& call) = 0;

  // Tags that CheckReadable refuses are not written (INTERNAL), here and below.

  // Creates the host. The password is empty unless kRandom was asked. ALREADY_EXISTS: a host of
  // that name is there (whose, ShowHost tells); nothing was changed.
  virtual absl::StatusOr<IssuedPassword> AddHost(const NewHost& host, const Call& call) = 0;

  // A new one-time password; the one before is dead. FAILED_PRECONDITION: the host is enrolled.
  virtual absl::StatusOr<IssuedPassword> IssuePassword(const Fqdn& fqdn, const Call& call) = 0;

  // Replaces the ownership tag (and only it): `now` must be among the host's classes, else ABORTED.
  virtual absl::Status Retag(const Fqdn& fqdn, const OwnerTag& now, const OwnerTag& next,
                             const Call& call) = 0;

  // Drops its key; a host that has none is OK. NOT_FOUND: no such host.
  virtual absl::Status DisableHost(const Fqdn& fqdn, const Call& call) = 0;

  // Deletes the host and its DNS records. OK also when it is gone already. FreeIPA itself refuses
  // (PERMISSION_DENIED) unless the host carries a `deleting` tag of this cluster.
  virtual absl::Status DeleteHost(const Fqdn& fqdn, const Call& call) = 0;

  // OK when it is, or already was, a member. NOT_FOUND: no such group.
  virtual absl::Status AddToHostGroup(const std::string& group, const Fqdn& fqdn,
                                      const Call& call) = 0;

  // Every host whose userclass carries a tag of `cluster` (both forms). May be large; has_password
  // and has_keytab are filled in. RESOURCE_EXHAUSTED: the server cut the list short; a part of it
  // is never returned, because what is missing from a list looks deleted.
  virtual absl::StatusOr<std::vector<HostRecord>> FindHostsOf(const ClusterId& cluster,
                                                              const Call& call) = 0;

  // --- taking over what another program made (docs/adr/0006-adopting-virt-ipa-joiners-hosts.md)

  // Every host whose description begins so; the same limits.
  virtual absl::StatusOr<std::vector<HostRecord>> FindHostsDescribed(const std::string& prefix,
                                                                     const Call& call) = 0;

  // Puts our tag beside the user classes of a host that carries none, and replaces its description,
  // in one change; read back. OK also when it is so already. ABORTED: the description is another by
  // now, or the host carries a tag, whosever. PERMISSION_DENIED: `ipa grant virt-ipa-joiner` is not
  // in force, or the host is none of the joiner's. NOT_FOUND: no such host.
  virtual absl::Status ClaimHost(const HostClaim& claim, const Call& call) = 0;
};

// Whether the host carries anything that FreeIPA might take for a tag of ours, readable or not.
bool CarriesSomeTag(const HostRecord& host);

// True when a failed write may still have happened, or happen later: look before doing it again.
// False when it is certain that nothing was changed. Carried as a payload of the status.
bool OutcomeUnknown(const absl::Status& status);
absl::Status WithOutcomeUnknown(absl::Status status);

}  // namespace innkeeper
