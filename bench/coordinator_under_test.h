#pragma once
// The whole innkeeper-coordinator in a cluster, as a process of its own.

#include <memory>
#include <string>

#include "base/testing/temp_dir.h"
#include "bench/bench_cluster.h"
#include "bench/freeipa_stand_in.h"
#include "bench/process.h"

namespace innkeeper {

class CoordinatorUnderTest {
 public:
  // What outlives a coordinator: its folder and its configuration.
  CoordinatorUnderTest(const BenchCluster& cluster, const FreeIpaStandIn& ipa);

  // Ready when this returns: from fork until /readyz says so. One at a time.
  absl::StatusOr<Duration> Start();
  // At once, as a crash.
  void Kill() { process_.reset(); }
  pid_t pid() const { return process_->pid(); }
  uint16_t webhook_port() const { return webhook_; }

 private:
  bool IsReady() const;

  TempDir dir_;
  const uint16_t metrics_ = FreePort(), webhook_ = FreePort();
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace innkeeper
