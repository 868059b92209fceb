#include "coordinator/fleet/agent_messages.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace innkeeper {
namespace {

using agent::v1::Domain;

constexpr size_t kNameCap = 255;  // bytes; QEMU's own limit on a domain's name is below it
constexpr size_t kRunIdCap = 128;
constexpr size_t kFqdnCap = 255;  // cut above; a longer one is no name anyway and will be refused
constexpr size_t kTextCap = 256;  // host name, os names
constexpr size_t kDetailCap = 1024;
constexpr size_t kPrincipalCap = 512;
constexpr size_t kVersionCap = 32;
constexpr size_t kIdCap = 64;
constexpr size_t kMacs = 64;
// Of a guest's clock; beyond it the number says nothing.
constexpr absl::Duration kMostSkew = absl::Hours(24 * 36500);
// A fact may be this much newer than our clock.
constexpr absl::Duration kFuture = absl::Hours(1);

constexpr std::array<std::string_view, 7> kPhases{
    "queued", "inspecting", "clock", "preparing", "installing", "joining", "verifying"};

std::string Clean(const std::string& text, size_t cap) {
  std::string clean = Printable(text.substr(0, cap));
  // A character may have been cut in half: Printable has replaced it by a longer one.
  while (clean.size() > cap) {
    size_t end = clean.size() - 1;
    while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xC0) == 0x80) --end;
    clean.resize(end);
  }
  return clean;
}

bool IsUuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// A name that can be a guest's: it stands in keys, logs and host names.
bool IsDomainName(const std::string& name) {
  return !name.empty() && name.size() <= kNameCap && name.find('/') == std::string::npos &&
         Printable(name) == name;
}

bool IsWord(const std::string& text, size_t cap) {
  return text.size() <= cap &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

VmRun RunOf(agent::v1::RunState state) {
  switch (state) {
    case agent::v1::RUN_STATE_RUNNING:
      return VmRun::kRunning;
    case agent::v1::RUN_STATE_PAUSED:
      return VmRun::kPaused;
    case agent::v1::RUN_STATE_OFF:
      return VmRun::kOff;
    case agent::v1::RUN_STATE_CRASHED:
      return VmRun::kCrashed;
    default:
      return VmRun::kUnknown;
  }
}

VmAgent AgentOf(agent::v1::AgentChannel channel) {
  switch (channel) {
    case agent::v1::AGENT_CHANNEL_ABSENT:
      return VmAgent::kNone;
    case agent::v1::AGENT_CHANNEL_DISCONNECTED:
      return VmAgent::kDisconnected;
    case agent::v1::AGENT_CHANNEL_CONNECTED:
      return VmAgent::kConnected;
    case agent::v1::AGENT_CHANNEL_UNRESPONSIVE:
      return VmAgent::kUnresponsive;
    default:
      return VmAgent::kUnknown;
  }
}

Wish WishOf(const Domain& domain) {
  if (!domain.has_wish()) return Wish::kUnset;
  switch (domain.wish().enroll()) {
    case agent::v1::Wish::ENROLL_YES:
      return Wish::kYes;
    case agent::v1::Wish::ENROLL_NO:
      return Wish::kNo;
    default:
      return Wish::kUnset;
  }
}

std::optional<JobKind> KindOf(agent::v1::JobKind kind) {
  switch (kind) {
    case agent::v1::JOB_KIND_ENROLL:
      return JobKind::kJoin;
    case agent::v1::JOB_KIND_VERIFY:
      return JobKind::kVerify;
    case agent::v1::JOB_KIND_LEAVE:
      return JobKind::kLeave;
    case agent::v1::JOB_KIND_INSPECT:
      return JobKind::kInspect;
    default:
      return std::nullopt;
  }
}

// Both enums list the same classes in the same order; zero is the wire's "unspecified".
static_assert(static_cast<int>(JobResult::kOk) + 1 == agent::v1::RESULT_CLASS_OK);
static_assert(static_cast<int>(JobResult::kOtpRejected) + 1 ==
              agent::v1::RESULT_CLASS_OTP_REJECTED);
static_assert(static_cast<int>(JobResult::kExecBlocked) + 1 ==
              agent::v1::RESULT_CLASS_EXEC_BLOCKED);
static_assert(static_cast<int>(JobResult::kInternal) + 1 == agent::v1::RESULT_CLASS_INTERNAL);

JobResult ResultOf(agent::v1::ResultClass value) {
  if (value < agent::v1::RESULT_CLASS_OK || value > agent::v1::RESULT_CLASS_INTERNAL)
    return JobResult::kInternal;
  return static_cast<JobResult>(static_cast<int>(value) - 1);
}

std::string CanonicalAddress(const std::string& text) {
  in_addr v4;
  in6_addr v6;
  char canonical[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1)
    return inet_ntop(AF_INET, &v4, canonical, sizeof canonical);
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1)
    return inet_ntop(AF_INET6, &v6, canonical, sizeof canonical);
  return {};
}

// Only on interfaces that the host itself gave to the domain: a guest can claim any other address.
std::vector<std::string> AddressesOf(const Domain& domain) {
  std::set<std::string> macs;
  for (const std::string& mac : domain.macs()) {
    if (macs.size() < kMacs) macs.insert(mac);
  }
  std::vector<std::string> addresses;
  for (const agent::v1::Address& address : domain.facts().addresses()) {
    if (addresses.size() >= kMostAddresses) break;
    if (!address.mac_known() || !macs.contains(address.mac())) continue;
    if (address.text().size() >= INET6_ADDRSTRLEN) continue;
    std::string canonical = CanonicalAddress(address.text());
    if (!canonical.empty()) addresses.push_back(std::move(canonical));
  }
  return addresses;
}

absl::Duration SkewOf(const google::protobuf::Duration& skew) {
  const absl::Duration value = absl::Seconds(skew.seconds()) + absl::Nanoseconds(skew.nanos());
  return std::clamp(value, -kMostSkew, kMostSkew);
}

absl::Time CheckedAt(const google::protobuf::Timestamp& time, absl::Time now) {
  const absl::Time value = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return value > absl::UnixEpoch() && value < now + kFuture ? value : now;
}

GuestClaims ClaimsOf(const Domain& domain, absl::Time now) {
  const agent::v1::GuestFacts& facts = domain.facts();
  return {.checked = CheckedAt(facts.checked(), now),
          .host_name = Clean(facts.host_name(), kTextCap),
          .os_id = Clean(facts.os_id(), kTextCap),
          .os_name = Clean(facts.os_name(), kTextCap),
          .addresses = AddressesOf(domain),
          .exec_allowed = facts.exec_allowed(),
          .frozen = facts.frozen(),
          .clock_skew = SkewOf(facts.clock_skew())};
}

GuestProof ProofOf(const agent::v1::GuestProof& proof) {
  GuestProof clean;
  clean.principal = Clean(proof.principal(), kPrincipalCap);
  clean.kvno = proof.kvno();
  clean.kinit = proof.kinit();
  clean.sssd = proof.sssd();
  clean.lookup = proof.lookup();
  clean.foreign_moved = proof.foreign_moved();
  clean.machine_id = Clean(proof.machine_id(), kIdCap);
  clean.boot_id = Clean(proof.boot_id(), kIdCap);
  clean.family = Clean(proof.family(), kIdCap);
  return clean;
}

}  // namespace

const char* RefusalText(Refusal refusal) {
  switch (refusal) {
    case Refusal::kBadUuid:
      return "bad-uuid";
    case Refusal::kBadName:
      return "bad-name";
    case Refusal::kBadField:
      return "bad-field";
    case Refusal::kTooMany:
      return "too-many";
    case Refusal::kUnknownOrder:
      return "unknown-order";
    case Refusal::kForeignOrder:
      return "foreign-order";
    case Refusal::kBadResult:
      return "bad-result";
    case Refusal::kProtocol:
      return "protocol";
  }
  return "protocol";
}

absl::Status Refused(Refusal refusal) { return absl::InvalidArgumentError(RefusalText(refusal)); }

Refusal RefusalOf(const absl::Status& status) {
  for (const Refusal refusal : kRefusals) {
    if (status.message() == RefusalText(refusal)) return refusal;
  }
  return Refusal::kProtocol;
}

bool IsOrderId(const std::string& id) {
  return !id.empty() && id.size() <= kIdCap && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

absl::StatusOr<AgentHello> DecodeHello(const agent::v1::Hello& hello) {
  if (hello.epoch() == 0) return Refused(Refusal::kBadField);
  if (static_cast<size_t>(hello.open_orders_size()) > kMostOpenOrders)
    return Refused(Refusal::kTooMany);
  AgentHello decoded{.version = Clean(hello.version(), kVersionCap),
                     .boot_id = Clean(hello.boot_id(), kIdCap),
                     .epoch = hello.epoch(),
                     .open_orders = {hello.open_orders().begin(), hello.open_orders().end()}};
  for (const std::string& id : decoded.open_orders) {
    if (!IsOrderId(id)) return Refused(Refusal::kBadField);
  }
  return decoded;
}

absl::StatusOr<DomainReport> DecodeDomain(const Domain& domain, absl::Time now) {
  if (!IsUuid(domain.uuid())) return Refused(Refusal::kBadUuid);
  if (!IsDomainName(domain.name())) return Refused(Refusal::kBadName);
  if (!IsWord(domain.run_id(), kRunIdCap)) return Refused(Refusal::kBadField);
  DomainReport report{.uid = {domain.uuid()},
                      .name = domain.name(),
                      .run = RunOf(domain.run_state()),
                      .run_id = domain.run_id(),
                      .agent = AgentOf(domain.agent_channel()),
                      .persistent = domain.persistent(),
                      .wish = WishOf(domain),
                      .wish_fqdn = Clean(domain.wish().fqdn(), kFqdnCap),
                      .claims = std::nullopt};
  if (domain.has_facts()) report.claims = ClaimsOf(domain, now);
  return report;
}

absl::StatusOr<GoneReport> DecodeGone(const agent::v1::DomainGone& gone) {
  if (!IsUuid(gone.uuid())) return Refused(Refusal::kBadUuid);
  GoneReport report{.uid = {gone.uuid()}, .why = GoneWhy::kVanished};
  switch (gone.why()) {
    case agent::v1::DomainGone::WHY_UNDEFINED:
      report.why = GoneWhy::kUndefined;
      break;
    case agent::v1::DomainGone::WHY_TRANSIENT_ENDED:
      report.why = GoneWhy::kTransientEnded;
      break;
    case agent::v1::DomainGone::WHY_MIGRATED:
      report.why = GoneWhy::kMigrated;
      break;
    default:
      break;
  }
  return report;
}

absl::StatusOr<ProgressReport> DecodeProgress(const agent::v1::OrderProgress& progress) {
  if (!IsOrderId(progress.id())) return Refused(Refusal::kBadResult);
  ProgressReport report{.id = progress.id(),
                        .uid = std::nullopt,
                        .kind = KindOf(progress.kind()),
                        .phase = {},
                        .guest_pid = progress.cursor().guest_pid()};
  if (IsUuid(progress.domain_uuid())) report.uid = VmUid{progress.domain_uuid()};
  if (std::find(kPhases.begin(), kPhases.end(), progress.phase()) != kPhases.end())
    report.phase = progress.phase();
  return report;
}

absl::StatusOr<ResultReport> DecodeResult(const agent::v1::OrderResult& result) {
  if (!IsOrderId(result.id()) || !IsUuid(result.domain_uuid())) return Refused(Refusal::kBadResult);
  return ResultReport{.id = result.id(),
                      .uid = {result.domain_uuid()},
                      .kind = KindOf(result.kind()),
                      .result = ResultOf(result.result_class()),
                      .detail = Clean(result.detail(), kDetailCap),
                      .proof = ProofOf(result.proof())};
}

}  // namespace innkeeper
