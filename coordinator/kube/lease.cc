#include "coordinator/kube/lease.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

const KubeKind kLeases{"coordination.k8s.io", "v1", "leases"};
constexpr Duration kReleaseTime = std::chrono::seconds(3);

}  // namespace

LeaseElection::LeaseElection(KubeClient& client, const Clock& clock, LeaseOptions options)
    : client_(client), clock_(clock), options_(std::move(options)) {
  IK_CHECK(!options_.identity.empty());
  IK_CHECK(options_.retry < options_.renew_deadline);
  IK_CHECK(options_.renew_deadline < options_.lease_time);
}

KubePath LeaseElection::Path() const { return {kLeases, options_.ns, options_.name}; }

LeaseElection::Seen LeaseElection::Now() const {
  return seen_.With([](const Seen& seen) { return seen; });
}

MonotonicTime LeaseElection::WriteUntil() const { return Now().write_until; }
std::string LeaseElection::Holder() const { return Now().record.holder; }
int64_t LeaseElection::Transitions() const { return Now().record.transitions; }

void LeaseElection::Observe(LeaseRecord record) {
  seen_.With([&](Seen& seen) {
    if (record.resource_version != seen.record.resource_version) seen.changed = clock_.Monotonic();
    if (record.holder != options_.identity) seen.write_until = MonotonicTime{};
    seen.record = std::move(record);
  });
}

absl::Status LeaseElection::Step(const Call& call) {
  const Call brief = call.AtMost(options_.renew_deadline / 2);
  // Who leads and has seen no other's hand renews at once, without a look first.
  if (Leads()) {
    const absl::Status renewed = Take(brief);
    if (!absl::IsAborted(renewed)) return renewed;
  }
  RETURN_IF_ERROR(Look(brief));
  return MayTake() ? Take(brief) : absl::OkStatus();
}

absl::Status LeaseElection::Look(const Call& call) {
  const absl::StatusOr<std::string> object = client_.Get(Path(), call);
  if (absl::IsNotFound(object.status())) {
    // Somebody deleted it. Whoever held it does not know, and may write for a while.
    LeaseRecord ghost = Now().record;
    ghost.resource_version.clear();
    Observe(std::move(ghost));
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(object.status());
  ASSIGN_OR_RETURN(LeaseRecord record, ParseLease(*object));
  Observe(std::move(record));
  return absl::OkStatus();
}

// Another's Lease is over when it did not change for its own time, measured by us from when we saw
// its last change: that was after its holder asked for it.
bool LeaseElection::MayTake() const {
  const Seen seen = Now();
  if (seen.record.holder.empty() || seen.record.holder == options_.identity) return true;
  return clock_.Monotonic() - seen.changed >= std::max(seen.record.time, options_.lease_time);
}

absl::Status LeaseElection::Take(const Call& call) {
  const Seen seen = Now();
  LeaseRecord mine = seen.record;
  const absl::Time now = clock_.Now();
  if (mine.holder != options_.identity) {
    if (!mine.holder.empty() || !mine.resource_version.empty()) ++mine.transitions;
    mine.acquired = now;
  }
  mine.holder = options_.identity;
  mine.time = options_.lease_time;
  mine.renewed = now;
  // From before the request: whoever sees the renewal sees it later.
  const MonotonicTime asked = clock_.Monotonic();
  RETURN_IF_ERROR(Write(mine, call));
  seen_.With([&](Seen& s) { s.write_until = asked + options_.renew_deadline; });
  return absl::OkStatus();
}

absl::Status LeaseElection::Write(const LeaseRecord& record, const Call& call) {
  const std::string object = LeaseText(record, options_.ns, options_.name);
  absl::StatusOr<std::string> written = record.resource_version.empty()
                                            ? client_.Create(Path(), object, {}, call)
                                            : client_.Replace(Path(), object, {}, call);
  // Somebody was faster: that is no error, the next look tells who.
  if (absl::IsAlreadyExists(written.status())) return absl::AbortedError("made by another");
  RETURN_IF_ERROR(written.status());
  ASSIGN_OR_RETURN(LeaseRecord now, ParseLease(*written));
  Observe(std::move(now));
  return absl::OkStatus();
}

void LeaseElection::StepDown() {
  seen_.With([](Seen& s) { s.write_until = MonotonicTime{}; });
}

absl::Status LeaseElection::Release(const Call& call) {
  const Seen seen = Now();
  if (seen.record.holder != options_.identity) return absl::OkStatus();
  StepDown();
  LeaseRecord nobodys = seen.record;
  nobodys.holder.clear();
  nobodys.time = std::chrono::seconds(1);
  nobodys.renewed = clock_.Now();
  return Write(nobodys, call);
}

LeaseElector::LeaseElector(KubeClient& client, const Clock& clock, LeaseOptions options,
                           Random& random, std::function<void(bool)> changed)
    : election_(client, clock, options),
      options_(std::move(options)),
      random_(random),
      changed_(std::move(changed)) {}

void LeaseElector::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void LeaseElector::Stop() { thread_ = {}; }

void LeaseElector::Tell(bool leads) {
  if (std::exchange(told_, leads) == leads) return;
  LogInfo(leads ? "this replica leads" : "this replica leads no longer",
          {{"lease", options_.name}, {"holder", election_.Holder()}});
  changed_(leads);
}

void LeaseElector::Run(const std::stop_token& stop) {
  NameThread("lease");
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    const absl::Status step = election_.Step(Call::Within(options_.renew_deadline, stop));
    if (!step.ok() && !absl::IsAborted(step) && !stop.stop_requested())
      LogWarning("the lease cannot be renewed", {{"lease", options_.name}, {"error", step}});
    Tell(election_.Leads());
    // Up to a fifth longer, so that replicas do not look in step.
    const auto jitter = static_cast<uint64_t>((options_.retry / 5).count()) + 1;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop,
                   options_.retry + Duration(static_cast<int64_t>(random_.Below(jitter))),
                   [] { return false; });
  }
  election_.StepDown();
  Tell(false);
  const absl::Status released = election_.Release(Call::Within(kReleaseTime));
  if (!released.ok()) LogWarning("the lease was not given back", {{"error", released}});
}

}  // namespace innkeeper
