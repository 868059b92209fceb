#pragma once
// The wire's messages and the core's types, both ways. An agent is as trusted as its node, and no
// more: every field is checked and capped here, and nothing of a message names the node. Pure.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/status.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// Why a report was refused: a closed set, the label of innkeeper_fleet_refused_total.
enum class Refusal {
  kBadUuid,
  kBadName,
  kBadField,
  kTooMany,
  kUnknownOrder,
  kForeignOrder,
  kBadResult,
  kProtocol,
};
const char* RefusalText(Refusal refusal);
// A status that carries it: INVALID_ARGUMENT with the refusal's text.
absl::Status Refused(Refusal refusal);
Refusal RefusalOf(const absl::Status& status);  // of one made by Refused
inline constexpr std::array kRefusals{
    Refusal::kBadUuid,      Refusal::kBadName,      Refusal::kBadField,  Refusal::kTooMany,
    Refusal::kUnknownOrder, Refusal::kForeignOrder, Refusal::kBadResult, Refusal::kProtocol};

// Caps per message; the stream's own cap is 1 MiB.
inline constexpr size_t kMostOpenOrders = 8192;  // in a Hello; as the contract says
inline constexpr size_t kMostDomains = 16384;    // of one node; libvirt itself gets slow far below
inline constexpr size_t kMostAddresses = 32;     // kept per guest; more are cut

struct AgentHello {
  std::string version;  // cleaned, at most 32 bytes; for people
  std::string boot_id;
  uint64_t epoch = 0;
  std::vector<std::string> open_orders;
};
// INVALID_ARGUMENT: epoch 0, or too many or malformed order ids.
absl::StatusOr<AgentHello> DecodeHello(const agent::v1::Hello& hello);

// `now` bounds what the guest's facts claim of time. Texts for people are cleaned and cut; fields
// that decide something are refused instead: uuid, name, run id. INVALID_ARGUMENT (Refused).
absl::StatusOr<DomainReport> DecodeDomain(const agent::v1::Domain& domain, absl::Time now);

struct GoneReport {
  VmUid uid;
  GoneWhy why = GoneWhy::kVanished;  // also for values this version does not know
};
absl::StatusOr<GoneReport> DecodeGone(const agent::v1::DomainGone& gone);

struct ProgressReport {
  std::string id;
  std::optional<VmUid> uid;  // absent from older agents
  std::optional<JobKind> kind;
  std::string phase;  // one of the closed set, else empty
  int64_t guest_pid = 0;
};
absl::StatusOr<ProgressReport> DecodeProgress(const agent::v1::OrderProgress& progress);

struct ResultReport {
  std::string id;
  VmUid uid;
  std::optional<JobKind> kind;
  JobResult result = JobResult::kInternal;  // also for classes this version does not know
  std::string detail;
  GuestProof proof;
};
absl::StatusOr<ResultReport> DecodeResult(const agent::v1::OrderResult& result);

// 1 to 64 of [A-Za-z0-9._-]: what an order's id may be.
bool IsOrderId(const std::string& id);

// ---- orders

// What every order needs to know of the realm.
struct RealmFacts {
  std::string domain, realm;
  std::vector<std::string> servers;
  std::string ca;  // PEM bundle
};
struct OrderPolicy {
  Duration join_timeout = std::chrono::minutes(15);  // a cold package installation
  Duration verify_timeout = std::chrono::minutes(2);
  Duration leave_timeout = std::chrono::minutes(5);
  Duration inspect_timeout = std::chrono::seconds(30);
  bool may_install = true;
  bool may_set_clock = true;
  Duration clock_tolerance = std::chrono::minutes(4);  // Kerberos allows 5
  std::string lookup_user = "admin";
};
// The password moves: into the message's bytes, wiped in `job`.
agent::v1::Order EncodeJoin(JoinJob& job, const RealmFacts& realm, const OrderPolicy& policy);
agent::v1::Order EncodeVerify(const VmUid& uid, const Fqdn& fqdn, const std::string& id,
                              const RealmFacts& realm, const OrderPolicy& policy);
agent::v1::Order EncodeLeave(const VmUid& uid, const Fqdn& fqdn, const std::string& id,
                             const RealmFacts& realm, const OrderPolicy& policy);
agent::v1::Order EncodeInspect(const VmUid& uid, const std::string& id, const OrderPolicy& policy);

// Zeroes the password in the message, which must not live on an arena.
void WipePassword(agent::v1::Order& order);

}  // namespace innkeeper
