#include "coordinator/guests/testing/fake_ipa_client.h"

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/random.h"

namespace innkeeper {
namespace {

constexpr char kServer[] = "ipa.example.test";

absl::Status NoSuchHost(const Fqdn& fqdn) {
  return absl::NotFoundError("FreeIPA error 4001 NotFound: " + fqdn.text + ": host not found");
}

}  // namespace

FakeIpaClient::FakeIpaClient(ClusterId cluster, const Clock& clock)
    : cluster_(std::move(cluster)), clock_(clock) {}

// --- rights

// By the filters of the role's permissions, as the directory applies them: to the values as text
// and whatever their case.
bool FakeIpaClient::Carries(const Host& host, bool deleting) const {
  std::string prefix = "innkeeper:" + cluster_.text + (deleting ? ":deleting:" : ":");
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  return std::any_of(host.record.user_classes.begin(), host.record.user_classes.end(),
                     [&](const std::string& value) {
                       return value.size() >= prefix.size() &&
                              std::equal(prefix.begin(), prefix.end(), value.begin(), same);
                     });
}

absl::Status FakeIpaClient::Denied(const std::string& what) const {
  return absl::PermissionDeniedError("FreeIPA error 2100 ACIError: Insufficient access: " + what);
}

// --- trouble

absl::Status FakeIpaClient::Trouble(Directory& d, Which kind) {
  if (!d.outage.ok()) return d.outage;
  if (!d.next_failure || (d.next_failure->second == Which::kWrites && kind == Which::kAny))
    return absl::OkStatus();
  const absl::Status failure = d.next_failure->first;
  d.next_failure.reset();
  return failure;
}

absl::Status FakeIpaClient::LostAnswer() {
  return WithOutcomeUnknown(absl::UnavailableError("the connection broke before the answer"));
}

template <class Result>
Result FakeIpaClient::Write(const Call& call, const std::function<Result(Directory&)>& write) {
  RETURN_IF_ERROR(call.Check("FreeIPA write"));
  if (directory_.With([](const Directory& d) { return d.writes_hang; })) {
    std::this_thread::sleep_until(call.deadline);
    return WithOutcomeUnknown(absl::DeadlineExceededError("no answer"));
  }
  return directory_.With([&](Directory& d) -> Result {
    if (absl::Status trouble = Trouble(d, Which::kWrites); !trouble.ok()) return trouble;
    switch (std::exchange(d.next_answer, Answer::kGiven)) {
      case Answer::kGiven:
        break;
      case Answer::kLost:
        static_cast<void>(write(d));
        return LostAnswer();
      case Answer::kLate:
        d.late.push_back([write](Directory& later) { static_cast<void>(write(later)); });
        return LostAnswer();
    }
    return write(d);
  });
}

void FakeIpaClient::HangWrites() {
  directory_.With([](Directory& d) { d.writes_hang = true; });
}

void FakeIpaClient::FailAll(absl::Status outage) {
  directory_.With([&](Directory& d) { d.outage = std::move(outage); });
}
void FakeIpaClient::FailNext(absl::Status failure, Which which) {
  directory_.With([&](Directory& d) { d.next_failure.emplace(std::move(failure), which); });
}
void FakeIpaClient::LimitSearches(size_t hosts) {
  directory_.With([&](Directory& d) { d.search_limit = hosts; });
}

void FakeIpaClient::GrantClaims(bool granted) {
  directory_.With([&](Directory& d) { d.claims_granted = granted; });
}
void FakeIpaClient::LoseNextAnswer() {
  directory_.With([](Directory& d) { d.next_answer = Answer::kLost; });
}
void FakeIpaClient::DelayNextWrite() {
  directory_.With([](Directory& d) { d.next_answer = Answer::kLate; });
}
void FakeIpaClient::DeliverLateWrites() {
  directory_.With([](Directory& d) {
    for (const auto& write : std::exchange(d.late, {})) write(d);
  });
}

// --- the contract

absl::StatusOr<IpaFacts> FakeIpaClient::Facts(const Call& call) {
  RETURN_IF_ERROR(call.Check("FreeIPA ping"));
  return directory_.With([](Directory& d) -> absl::StatusOr<IpaFacts> {
    RETURN_IF_ERROR(Trouble(d, Which::kAny));
    return IpaFacts{kServer, "4.12.4", "example.test", "EXAMPLE.TEST", "dc=example,dc=test", 64};
  });
}

absl::StatusOr<HostRecord> FakeIpaClient::ShowHost(const Fqdn& fqdn, const Call& call) {
  RETURN_IF_ERROR(call.Check("FreeIPA host_show"));
  return directory_.With([&](Directory& d) -> absl::StatusOr<HostRecord> {
    RETURN_IF_ERROR(Trouble(d, Which::kAny));
    const auto at = d.hosts.find(fqdn);
    if (at == d.hosts.end()) return NoSuchHost(fqdn);
    return at->second.record;
  });
}

absl::StatusOr<IssuedPassword> FakeIpaClient::AddHost(const NewHost& host, const Call& call) {
  RETURN_IF_ERROR(CheckReadable(host.owner));
  return Write<absl::StatusOr<IssuedPassword>>(call,
                                               [this, host](Directory& d) { return Add(d, host); });
}
absl::StatusOr<IssuedPassword> FakeIpaClient::IssuePassword(const Fqdn& fqdn, const Call& call) {
  return Write<absl::StatusOr<IssuedPassword>>(
      call, [this, fqdn](Directory& d) { return Issue(d, fqdn); });
}
absl::Status FakeIpaClient::Retag(const Fqdn& fqdn, const OwnerTag& now, const OwnerTag& next,
                                  const Call& call) {
  RETURN_IF_ERROR(CheckReadable(next));
  return Write<absl::Status>(
      call, [this, fqdn, now, next](Directory& d) { return Swap(d, fqdn, now, next); });
}
absl::Status FakeIpaClient::DisableHost(const Fqdn& fqdn, const Call& call) {
  return Write<absl::Status>(call, [this, fqdn](Directory& d) { return Disable(d, fqdn); });
}
absl::Status FakeIpaClient::DeleteHost(const Fqdn& fqdn, const Call& call) {
  return Write<absl::Status>(call, [this, fqdn](Directory& d) { return Delete(d, fqdn); });
}
absl::Status FakeIpaClient::AddToHostGroup(const std::string& group, const Fqdn& fqdn,
                                           const Call& call) {
  return Write<absl::Status>(
      call, [this, group, fqdn](Directory& d) { return AddMember(d, group, fqdn); });
}

absl::Status FakeIpaClient::ClaimHost(const HostClaim& claim, const Call& call) {
  RETURN_IF_ERROR(CheckReadable(claim.owner));
  return Write<absl::Status>(call, [this, claim](Directory& d) { return Claim(d, claim); });
}

absl::StatusOr<std::vector<HostRecord>> FakeIpaClient::FindHostsOf(const ClusterId& cluster,
                                                                   const Call& call) {
  const auto carries_its_tag = [&](const HostRecord& host) {
    const std::optional<OwnerTag> owner = host.Owner();
    return owner && owner->cluster == cluster;
  };
  return Search(carries_its_tag, call);
}

absl::StatusOr<std::vector<HostRecord>> FakeIpaClient::FindHostsDescribed(const std::string& prefix,
                                                                          const Call& call) {
  const auto begins_so = [&](const HostRecord& host) {
    return host.description.compare(0, prefix.size(), prefix) == 0;
  };
  return Search(begins_so, call);
}

template <class Wanted>
absl::StatusOr<std::vector<HostRecord>> FakeIpaClient::Search(const Wanted& wanted,
                                                              const Call& call) {
  RETURN_IF_ERROR(call.Check("FreeIPA host_find"));
  return directory_.With([&](Directory& d) -> absl::StatusOr<std::vector<HostRecord>> {
    RETURN_IF_ERROR(Trouble(d, Which::kAny));
    std::vector<HostRecord> found;
    for (const auto& [fqdn, host] : d.hosts) {
      if (wanted(host.record)) found.push_back(host.record);
    }
    if (found.size() > d.search_limit)
      return absl::ResourceExhaustedError("FreeIPA cut the list of hosts short");
    return found;
  });
}

// --- what the server does, under the lock

std::string FakeIpaClient::NewPassword(Directory& d) {
  ++d.passwords;
  return RandomHex(8) + "|(~" + RandomHex(3);  // host_mod's are full of shell characters
}

absl::StatusOr<IssuedPassword> FakeIpaClient::Add(Directory& d, const NewHost& host) const {
  Host made;
  made.record.fqdn = host.fqdn;
  made.record.dn = "fqdn=" + host.fqdn.text + ",cn=computers,cn=accounts,dc=example,dc=test";
  made.record.user_classes = {host.owner.Text(), "innkeeper:" + host.owner.cluster.text};
  if (!host.host_class.empty()) made.record.user_classes.push_back(host.host_class);
  made.record.description = host.description;
  if (d.hosts.contains(host.fqdn))
    return absl::AlreadyExistsError("FreeIPA error 4002 DuplicateEntry: " + host.fqdn.text);
  if (!Carries(made, false)) return Denied("Insufficient 'add' privilege");
  if (host.password == PasswordWish::kRandom) made.password = NewPassword(d);
  made.record.has_password = !made.password.empty();
  const Host& added = d.hosts.emplace(host.fqdn, std::move(made)).first->second;
  return IssuedPassword{Secret(std::string(added.password)), kServer};
}

absl::StatusOr<IssuedPassword> FakeIpaClient::Issue(Directory& d, const Fqdn& fqdn) const {
  const auto at = d.hosts.find(fqdn);
  if (at == d.hosts.end()) return NoSuchHost(fqdn);
  if (at->second.record.has_keytab)
    return absl::FailedPreconditionError("Password cannot be set on enrolled host.");
  if (!Carries(at->second, false)) return Denied("Insufficient 'write' privilege");
  at->second.password = NewPassword(d);
  at->second.record.has_password = true;
  return IssuedPassword{Secret(std::string(at->second.password)), kServer};
}

absl::Status FakeIpaClient::Swap(Directory& d, const Fqdn& fqdn, const OwnerTag& now,
                                 const OwnerTag& next) const {
  const auto at = d.hosts.find(fqdn);
  if (at == d.hosts.end()) return NoSuchHost(fqdn);
  std::vector<std::string>& classes = at->second.record.user_classes;
  const auto tag = std::find(classes.begin(), classes.end(), now.Text());
  if (tag == classes.end()) return absl::AbortedError("the host carries another tag by now");
  if (!Carries(at->second, false)) return Denied("Insufficient 'write' privilege");
  *tag = next.Text();
  return absl::OkStatus();
}

absl::Status FakeIpaClient::Claim(Directory& d, const HostClaim& claim) const {
  const auto at = d.hosts.find(claim.fqdn);
  if (at == d.hosts.end()) return NoSuchHost(claim.fqdn);
  HostRecord& host = at->second.record;
  if (host.Owner() == claim.owner && host.description == claim.new_description)
    return absl::OkStatus();
  if (CarriesSomeTag(host)) return absl::AbortedError("the host carries a tag by now");
  if (host.description != claim.description)
    return absl::AbortedError("the host's description is another by now");
  const bool joiners =
      host.description.compare(0, std::strlen(kJoinerDescription), kJoinerDescription) == 0;
  if (!d.claims_granted || !joiners) return Denied("Insufficient 'write' privilege");
  host.description = claim.new_description;
  host.user_classes.push_back(claim.owner.Text());
  host.user_classes.push_back("innkeeper:" + claim.owner.cluster.text);
  return absl::OkStatus();
}

absl::Status FakeIpaClient::Disable(Directory& d, const Fqdn& fqdn) const {
  const auto at = d.hosts.find(fqdn);
  if (at == d.hosts.end()) return NoSuchHost(fqdn);
  HostRecord& host = at->second.record;
  if (!host.has_keytab) return absl::OkStatus();  // "already disabled", whosever it is
  if (!Carries(at->second, false)) return Denied("Insufficient 'write' privilege");
  host.has_keytab = false;
  host.keytab_since.reset();
  return absl::OkStatus();
}

absl::Status FakeIpaClient::Delete(Directory& d, const Fqdn& fqdn) const {
  const auto at = d.hosts.find(fqdn);
  if (at == d.hosts.end()) return absl::OkStatus();
  if (!Carries(at->second, true)) return Denied("Insufficient 'delete' privilege");
  d.hosts.erase(at);
  return absl::OkStatus();
}

absl::Status FakeIpaClient::AddMember(Directory& d, const std::string& group,
                                      const Fqdn& fqdn) const {
  if (!d.groups.contains(group)) return absl::NotFoundError(group + ": host group not found");
  const auto at = d.hosts.find(fqdn);
  if (at == d.hosts.end()) return absl::NotFoundError("no such host: no such entry");
  std::vector<std::string>& groups = at->second.record.host_groups;
  if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
  return absl::OkStatus();
}

// --- outside

absl::Status FakeIpaClient::Join(const Fqdn& fqdn, const Secret& password) {
  return directory_.With([&](Directory& d) {
    const auto at = d.hosts.find(fqdn);
    if (at == d.hosts.end() || at->second.password.empty() ||
        !ConstantTimeEquals(at->second.password, password.Reveal()))
      return absl::PermissionDeniedError("SASL Bind failed: Invalid credentials");
    HostRecord& host = at->second.record;
    at->second.password.clear();
    host.has_password = false;
    host.has_keytab = true;
    host.keytab_since = clock_.Now();
    return absl::OkStatus();
  });
}

void FakeIpaClient::PutHost(HostRecord host) {
  directory_.With([&](Directory& d) {
    const Fqdn fqdn = host.fqdn;
    std::string password = host.has_password ? NewPassword(d) : "";
    d.hosts.insert_or_assign(fqdn, Host{std::move(host), std::move(password)});
  });
}
void FakeIpaClient::EraseHost(const Fqdn& fqdn) {
  directory_.With([&](Directory& d) { d.hosts.erase(fqdn); });
}
void FakeIpaClient::PutHostGroup(const std::string& group) {
  directory_.With([&](Directory& d) { d.groups.insert(group); });
}

std::optional<HostRecord> FakeIpaClient::Find(const Fqdn& fqdn) {
  return directory_.With([&](Directory& d) -> std::optional<HostRecord> {
    const auto at = d.hosts.find(fqdn);
    if (at == d.hosts.end()) return std::nullopt;
    return at->second.record;
  });
}
std::string FakeIpaClient::WaitingPassword(const Fqdn& fqdn) {
  return directory_.With([&](Directory& d) {
    const auto at = d.hosts.find(fqdn);
    return at == d.hosts.end() ? std::string() : at->second.password;
  });
}
size_t FakeIpaClient::host_count() {
  return directory_.With([](Directory& d) { return d.hosts.size(); });
}
size_t FakeIpaClient::passwords_issued() {
  return directory_.With([](Directory& d) { return d.passwords; });
}

}  // namespace innkeeper
