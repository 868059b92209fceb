#pragma once
// Verbs that make states for the plans' tests.

#include "coordinator/guests/observed.h"
#include "coordinator/guests/ownership.h"

namespace innkeeper::seen_states {

inline constexpr char kAttempt[] = "join-1";
inline const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

inline VmRecord RunningVm() {
  VmRecord vm;
  vm.uid = {"uid-1"};
  vm.key = {"lab", "web"};
  vm.node = {"host1"};
  vm.node_connected = true;
  vm.run = VmRun::kRunning;
  vm.run_id = "run-1";
  vm.agent = VmAgent::kConnected;
  return vm;
}

inline Observed Base() {
  Observed seen;
  seen.guest.key = {"lab", "web"};
  seen.guest.uid = {"uid-1"};
  seen.guest.spec.enroll = Wish::kYes;
  seen.vm = RunningVm();
  seen.policy.fqdn = {"web.lab.test"};
  seen.cluster = {"c1"};
  seen.term = "t1";
  seen.settled = true;
  seen.all_nodes_connected = true;
  seen.now = kNow;
  seen.monotonic = MonotonicTime(std::chrono::hours(10));
  return seen;
}

inline void Name(Observed& seen) { seen.guest.status.fqdn = seen.policy.fqdn; }

inline void Register(Observed& seen) {
  Name(seen);
  seen.guest.status.conditions[ConditionType::kHostRegistered].truth = Truth::kTrue;
}

inline void See(Observed& seen, const OwnerTag& tag) {
  seen.host.seen = HostView::Seen::kPresent;
  seen.host.record.fqdn = seen.policy.fqdn;
  seen.host.record.user_classes = {"tier1", tag.Text()};
}

inline void Try(Observed& seen, bool issued) {
  Attempt attempt;
  attempt.id = kAttempt;
  attempt.started = seen.now - absl::Minutes(1);
  if (issued) attempt.server = "ipa1";
  attempt.delivered = issued;
  seen.guest.status.attempt = attempt;
}

inline JobView& Job(Observed& seen, const std::string& id, std::optional<JobResult> result) {
  JobView& job = seen.vm->jobs[id];
  job.id = id;
  job.result = result;
  job.proof.principal = "host/web.lab.test@TEST";
  job.proof.kinit = true;
  return job;
}

}  // namespace innkeeper::seen_states
