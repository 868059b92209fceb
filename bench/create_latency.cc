// P5: what a webhook adds to the creation of a VirtualMachine at a real API server: the whole
// coordinator, a bare webhook in Go and one of Python's usual stack, each over none. All are
// installed by the same configuration, the shipped one.

#include <map>

#include "bench/bench_main.h"
#include "bench/coordinator_under_test.h"
#include "bench/webhook_under_test.h"
#include "coordinator/home/kube/kube_operation.h"

namespace innkeeper {
namespace {

constexpr char kConfiguration[] = "innkeeper-bench";
constexpr WebhookKind kPeers[] = {WebhookKind::kGo, WebhookKind::kPython};

// A webhook that can be installed; a port of 0: none.
struct Candidate {
  std::string name;
  uint16_t port = 0;
  std::string ca;
};

class CreateLatencyBench {
 public:
  explicit CreateLatencyBench(const BenchOptions& options)
      : creates_(static_cast<int>(options.numbers.at("creates"))) {}

  absl::Status Start() {
    ASSIGN_OR_RETURN(cluster_, BenchCluster::Open());
    ASSIGN_OR_RETURN(ipa_, FreeIpaStandIn::Start());
    ASSIGN_OR_RETURN(tls_, WebhookTls::Make());
    candidates_.push_back({"none"});
    coordinator_ = std::make_unique<CoordinatorUnderTest>(*cluster_, *ipa_);
    RETURN_IF_ERROR(cluster_->InstallWebhook("innkeeper", coordinator_->webhook_port(), ""));
    RETURN_IF_ERROR(coordinator_->Start().status());
    ASSIGN_OR_RETURN(const std::string ca,
                     cluster_->AwaitCaBundle(Call::Within(std::chrono::seconds(60))));
    RETURN_IF_ERROR(cluster_->RemoveWebhook("innkeeper"));
    candidates_.push_back({"ours", coordinator_->webhook_port(), ca});
    for (const WebhookKind kind : kPeers) {
      ASSIGN_OR_RETURN(peers_[kind], WebhookUnderTest::Start(kind, *tls_));
      candidates_.push_back({NameOf(kind), peers_[kind]->port(), tls_->ca()});
    }
    return Pause();
  }

  absl::Status Round() {
    for (const Candidate& candidate : candidates_) {
      RETURN_IF_ERROR(Install(candidate));
      ASSIGN_OR_RETURN(const double p50, Creates());
      p50_[candidate.name].push_back(p50);
    }
    return absl::OkStatus();
  }

  absl::Status End() { return cluster_->RemoveWebhook(kConfiguration); }

  void Tell(Report& report) const {
    for (const auto& [peer, goal] : {std::pair("Go", 0.9), std::pair("Python", 0.45)}) {
      const Rounds rounds{Added("ours"), Added(peer)};
      report.Add({"P5", "create latency added, p50, against " + std::string(peer),
                  Short(Median(rounds.ours)) + " ms", Short(Median(rounds.peer)) + " ms",
                  rounds.Ratio(), Bound::kAtMost, goal});
    }
    report.Note("a create without a webhook: " + Short(Median(p50_.at("none"))) + " ms");
  }

 private:
  // The coordinator answers reviews and writes nothing: what it does with a VM afterwards would be
  // in the way of the next creation, whoever's webhook that meets.
  absl::Status Pause() {
    KubeOperation operation(cluster_->client(), BenchCluster::kNamespace, clock_, {});
    const Call call = Call::Within(std::chrono::seconds(30));
    RETURN_IF_ERROR(operation.Load(call));
    return operation.Pause("bench", call);
  }

  absl::Status Install(const Candidate& candidate) {
    RETURN_IF_ERROR(cluster_->RemoveWebhook(kConfiguration));
    const bool any = candidate.port != 0;
    if (any)
      RETURN_IF_ERROR(cluster_->InstallWebhook(kConfiguration, candidate.port, candidate.ca));
    return cluster_->AwaitPrepared(any, Call::Within(std::chrono::seconds(30)));
  }

  // Milliseconds.
  absl::StatusOr<double> Creates() {
    std::vector<double> all;
    const auto name = [](int i) { return "create-" + std::to_string(i); };
    for (int i = 0; i < creates_; ++i) {
      const MonotonicTime begun = std::chrono::steady_clock::now();
      RETURN_IF_ERROR(cluster_->CreateVm(name(i)).status());
      all.push_back(Milliseconds(std::chrono::steady_clock::now() - begun));
    }
    for (int i = 0; i < creates_; ++i) RETURN_IF_ERROR(cluster_->DeleteVm(name(i)));
    return Median(all);
  }

  std::vector<double> Added(const std::string& name) const {
    std::vector<double> added = p50_.at(name);
    for (size_t i = 0; i < added.size(); ++i) added[i] -= p50_.at("none")[i];
    return added;
  }

  const int creates_;
  const RealClock clock_;
  std::unique_ptr<BenchCluster> cluster_;
  std::unique_ptr<FreeIpaStandIn> ipa_;
  std::unique_ptr<WebhookTls> tls_;
  std::unique_ptr<CoordinatorUnderTest> coordinator_;
  std::map<WebhookKind, std::unique_ptr<WebhookUnderTest>> peers_;
  std::vector<Candidate> candidates_;
  std::map<std::string, std::vector<double>> p50_;
};

absl::Status Measure(const BenchOptions& options, Report& report) {
  CreateLatencyBench bench(options);
  RETURN_IF_ERROR(bench.Start());
  for (int i = 0; i < options.rounds; ++i) RETURN_IF_ERROR(bench.Round());
  RETURN_IF_ERROR(bench.End());
  bench.Tell(report);
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_create_latency",
       .about = "P5: what webhooks add to the creation of a VM at a real API server.\n",
       .numbers = {{"creates", 100, "VMs created with each webhook in each round"}},
       .rounds = 7},
      innkeeper::Measure);
}
