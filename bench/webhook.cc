// P1, P2, P3: the VirtualMachine webhook against a bare one in Go and one of Python's usual stack.
// All get the same review of an ordinary VM and must make the same VM of it.

#include <functional>
#include <map>

#include "bench/bench_main.h"
#include "bench/process.h"
#include "bench/webhook_review.h"
#include "bench/webhook_under_test.h"

namespace innkeeper {
namespace {

constexpr WebhookKind kKinds[] = {WebhookKind::kOurs, WebhookKind::kGo, WebhookKind::kPython};

class WebhookBench {
 public:
  using Webhooks = std::map<WebhookKind, std::unique_ptr<WebhookUnderTest>>;
  using Figures = std::map<WebhookKind, std::vector<double>>;

  explicit WebhookBench(const BenchOptions& options) : options_(options) {}

  absl::Status Start() {
    ASSIGN_OR_RETURN(tls_, WebhookTls::Make());
    for (const WebhookKind kind : kKinds) {
      ASSIGN_OR_RETURN(webhooks_[kind], WebhookUnderTest::Start(kind, *tls_));
    }
    return absl::OkStatus();
  }

  // Faster because it does less would be no merit.
  absl::Status MustAgree() const {
    nlohmann::json ours;
    for (const auto& [kind, webhook] : webhooks_) {
      ASSIGN_OR_RETURN(const std::string answer, webhook->Ask(review_));
      ASSIGN_OR_RETURN(nlohmann::json vm, ReviewedVm(answer));
      if (kind == WebhookKind::kOurs)
        ours = std::move(vm);
      else if (vm != ours)
        return absl::FailedPreconditionError(Differ(kind, ours, vm));
    }
    return absl::OkStatus();
  }

  absl::Status Round() {
    for (const auto& [kind, webhook] : webhooks_) {
      const auto number = [&](const char* name) {
        return static_cast<size_t>(options_.numbers.at(name));
      };
      const size_t requests = number(kind == WebhookKind::kPython ? "python-requests" : "requests");
      RETURN_IF_ERROR(webhook->PerCpuSecond(review_, requests / 10).status());  // warm
      ASSIGN_OR_RETURN(const double rate, webhook->PerCpuSecond(review_, requests));
      ASSIGN_OR_RETURN(const std::vector<double> latencies,
                       webhook->Latencies(review_, static_cast<double>(number("rate")),
                                          number("rate") * number("seconds")));
      rates_[kind].push_back(rate);
      p50_[kind].push_back(Percentile(latencies, 0.5));
      p99_[kind].push_back(Percentile(latencies, 0.99));
    }
    return absl::OkStatus();
  }

  void Tell(Report& report) const {
    AddRate(report, "P1", WebhookKind::kGo, 3.5);
    AddRate(report, "P2", WebhookKind::kPython, 30);
    AddLatency(report, WebhookKind::kGo, 0.8);
    AddLatency(report, WebhookKind::kPython, 0.2);
    NoteEach(report, "p50 at that rate, ms",
             [this](WebhookKind kind) { return Median(p50_.at(kind)) / 1000; });
    NoteEach(
        report, "start to ready, ms (once; the webhook alone, not the coordinator: P13)",
        [this](WebhookKind kind) { return Milliseconds(webhooks_.at(kind)->start_to_ready()); });
    NoteEach(report, "resident after the load, MiB (the webhook alone, not the coordinator: P6)",
             [this](WebhookKind kind) {
               return static_cast<double>(ResidentBytes(webhooks_.at(kind)->pid())) / (1 << 20);
             });
    report.Note("review: " + std::to_string(review_.size()) + " bytes; each webhook on one core");
  }

 private:
  static std::string Differ(WebhookKind kind, const nlohmann::json& ours,
                            const nlohmann::json& vm) {
    return std::string(NameOf(kind)) +
           " makes another VM: " + nlohmann::json::diff(ours, vm).dump();
  }
  static void NoteEach(Report& report, std::string text,
                       const std::function<double(WebhookKind)>& figure) {
    for (const WebhookKind kind : kKinds) {
      text += std::string(kind == WebhookKind::kOurs ? ": " : ", ") + NameOf(kind) + " " +
              Short(figure(kind));
    }
    report.Note(std::move(text));
  }
  static Rounds Against(const Figures& figures, WebhookKind peer) {
    return {figures.at(WebhookKind::kOurs), figures.at(peer)};
  }
  void AddRate(Report& report, const char* goal, WebhookKind peer, double wanted) const {
    const Rounds rounds = Against(rates_, peer);
    report.Add({goal, "reviews per CPU-second, against " + std::string(NameOf(peer)),
                Short(Median(rounds.ours)), Short(Median(rounds.peer)), rounds.Ratio(),
                Bound::kAtLeast, wanted});
  }
  void AddLatency(Report& report, WebhookKind peer, double wanted) const {
    const Rounds rounds = Against(p99_, peer);
    const auto text = [](const std::vector<double>& all) {
      return Short(Median(all) / 1000) + " ms";
    };
    report.Add(
        {"P3",
         "p99 at " + std::to_string(options_.numbers.at("rate")) + "/s, against " + NameOf(peer),
         text(rounds.ours), text(rounds.peer), rounds.Ratio(), Bound::kAtMost, wanted});
  }

  const BenchOptions& options_;
  const std::string review_ = BenchReview();
  std::unique_ptr<WebhookTls> tls_;
  Webhooks webhooks_;
  Figures rates_, p50_, p99_;
};

absl::Status Measure(const BenchOptions& options, Report& report) {
  PinThisProcess(Core::kSecond);
  WebhookBench bench(options);
  RETURN_IF_ERROR(bench.Start());
  RETURN_IF_ERROR(bench.MustAgree());
  for (int i = 0; i < options.rounds; ++i) RETURN_IF_ERROR(bench.Round());
  bench.Tell(report);
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_webhook",
       .about = "P1, P2, P3: the webhook's CPU and latency against others.\n",
       .numbers = {{"requests", 20000, "Reviews in each round, in a closed loop"},
                   {"python-requests", 2000, "The same for Python, which takes longer"},
                   {"rate", 500, "Reviews a second where latency is measured"},
                   {"seconds", 6, "For so long in each round"}},
       .rounds = 7},
      innkeeper::Measure);
}
