#pragma once
// Which of several replicas leads: the one that holds a Lease. As client-go's leader election, but
// the leader knows until when it may write, on its own monotonic clock: a request of its that began
// before then is over before any other replica can hold the Lease.
//
//   leader:    |--renewed--|... may write for renew_deadline ...|
//   others:         see the renewal, and wait from there on lease_time before they take over
//
// No wall clock is compared with another's: jumps and skew decide nothing. Monotonic clocks of
// leader and others may differ in speed by less than (lease_time - renew_deadline) / lease_time.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "coordinator/kube/kube_client.h"
#include "coordinator/kube/lease_record.h"

namespace innkeeper {

struct LeaseOptions {
  std::string ns, name;
  std::string identity;  // of this process alone: a restarted one is another
  Duration lease_time = std::chrono::seconds(15);
  Duration renew_deadline = std::chrono::seconds(10);
  Duration retry = std::chrono::seconds(2);  // between renewals, and between looks at the other's
};

// The election without a thread of its own. Step and Release are for one thread; the rest may be
// asked by any, and never blocks.
class LeaseElection {
 public:
  // References outlive it. The options must be in order: retry < renew_deadline < lease_time.
  LeaseElection(KubeClient& client, const Clock& clock, LeaseOptions options);

  // Renews, takes over, or looks whether that can be done. The error of the request that failed.
  // Blocks, at most half the renew_deadline.
  absl::Status Step(const Call& call);
  // We lead no longer, as far as WriteUntil goes; the Lease stays ours.
  void StepDown();
  // Gives the Lease back, so that another need not wait. No write of ours may be under way.
  absl::Status Release(const Call& call);

  bool Leads() const { return clock_.Monotonic() < WriteUntil(); }
  // No write may be under way after this; in the past for who does not lead.
  MonotonicTime WriteUntil() const;
  // As last seen.
  std::string Holder() const;
  int64_t Transitions() const;

 private:
  struct Seen {
    LeaseRecord record;
    MonotonicTime changed{};  // when we first saw this version of it
    MonotonicTime write_until{};
  };
  absl::Status Look(const Call& call);
  absl::Status Take(const Call& call);
  bool MayTake() const;
  absl::Status Write(const LeaseRecord& record, const Call& call);
  void Observe(LeaseRecord record);
  KubePath Path() const;
  Seen Now() const;

  KubeClient& client_;
  const Clock& clock_;
  const LeaseOptions options_;
  mutable Guarded<Seen> seen_;
};

// An election on a thread of its own, released at its end. Give it a client of its own: a renewal
// must not wait for anything.
class LeaseElector {
 public:
  // `changed` is called on the elector's thread when leadership came or went, as it notices; who
  // writes asks WriteUntil. References outlive it.
  LeaseElector(KubeClient& client, const Clock& clock, LeaseOptions options, Random& random,
               std::function<void(bool leads)> changed);
  ~LeaseElector() { Stop(); }

  void Start();
  // Tells of the loss, gives the Lease back, then returns. Blocks for a request.
  void Stop();

  // Nobody's before the start.
  const LeaseElection& election() const { return election_; }

 private:
  void Run(const std::stop_token& stop);
  void Tell(bool leads);

  LeaseElection election_;
  const LeaseOptions options_;
  Random& random_;
  const std::function<void(bool)> changed_;
  bool told_ = false;
  std::jthread thread_;
};

}  // namespace innkeeper
