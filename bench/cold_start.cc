// P14: a coordinator's cold start in a cluster with many VMs, against reading the same pages and
// throwing them away. Both read machines and instances at the same time, over the same HTTP client,
// from a server that takes as long for a page as a real one.

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/random.h"
#include "bench/bench_main.h"
#include "bench/child_figures.h"
#include "bench/paged_api_server.h"
#include "bench/process.h"
#include "bench/vm_corpus.h"
#include "coordinator/home/kube/mirrored_vms.h"
#include "coordinator/kube/http_kube_client.h"
#include "coordinator/kube/kube_connection.h"

namespace innkeeper {
namespace {

constexpr size_t kPage = 500;  // objects; the product's own
constexpr CorpusKind kKinds[] = {CorpusKind::kVm, CorpusKind::kVmi};

double Since(MonotonicTime begun) { return Milliseconds(std::chrono::steady_clock::now() - begun); }

// Milliseconds, CPU milliseconds, bytes at most, bytes once it follows.
absl::StatusOr<Figures> StartCold(const KubeAccess& access, size_t vms) {
  PinThisProcess(Core::kSecond);
  const Call call = Call::Within(std::chrono::minutes(5));
  const RealClock clock;
  SystemRandom random;
  const MonotonicTime begun = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const auto client, HttpKubeClient::Create(access, {}, clock));
  KubeInventory inventory(clock, {});
  MirroredVms machines(inventory);
  MirroredVmis instances(inventory);
  Mirror vm_mirror(*client, MirroredVms::Collection(), machines, {}, random);
  Mirror vmi_mirror(*client, MirroredVmis::Collection(), instances, {}, random);
  while (!vm_mirror.HasSynced() || !vmi_mirror.HasSynced()) {
    RETURN_IF_ERROR(call.Check("start cold"));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const double took = Since(begun);
  const double cpu = Milliseconds(ProcessCpu());
  if (inventory.List().size() != vms) return absl::InternalError("some VMs are not known");
  const double settled = static_cast<double>(SettledResidentBytes(getpid(), call));
  return Figures{took, cpu, PeakResidentBytes(), settled};
}

absl::Status ReadToNowhere(HttpClient& http, const KubeAccess& access, CorpusKind kind, size_t vms,
                           const Call& call) {
  const KubeCollection collection = CollectionOf(kind);
  for (size_t first = 0; first < vms; first += kPage) {
    HttpRequest request;
    request.url = access.server + "/apis/kubevirt.io/v1/" + collection.kind.plural +
                  "?limit=" + std::to_string(kPage);
    if (first > 0) request.url += "&continue=" + std::to_string(first);
    const HttpClient::Sink nowhere = [](const char*, size_t) { return true; };
    ASSIGN_OR_RETURN(const HttpReply reply, http.Stream(std::move(request), nowhere, call));
    if (reply.status != 200) return absl::UnavailableError("a page could not be read");
  }
  return absl::OkStatus();
}

absl::StatusOr<Figures> ReadRaw(const KubeAccess& access, size_t vms) {
  PinThisProcess(Core::kSecond);
  const Call call = Call::Within(std::chrono::minutes(5));
  const MonotonicTime begun = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const auto http, ConnectKube(access, 8, 1u << 20));
  absl::Status ended[2];
  {
    std::vector<std::jthread> readers;
    for (size_t i = 0; i < 2; ++i) {
      readers.emplace_back(
          [&, i] { ended[i] = ReadToNowhere(*http, access, kKinds[i], vms, call); });
    }
  }
  for (const absl::Status& status : ended) RETURN_IF_ERROR(status);
  return Figures{Since(begun), Milliseconds(ProcessCpu())};
}

// What one kind of server gave.
struct Series {
  Rounds time, cpu;
  std::vector<double> peak, settled;

  absl::Status Run(int rounds, const PagedApi& api) {
    ASSIGN_OR_RETURN(const auto server, PagedApiServer::Start(api));
    const KubeAccess& access = server->access();
    for (int i = 0; i < rounds; ++i) {
      ASSIGN_OR_RETURN(const Figures ours, InChild([&] { return StartCold(access, api.objects); }));
      ASSIGN_OR_RETURN(const Figures raw, InChild([&] { return ReadRaw(access, api.objects); }));
      time.ours.push_back(ours.at(0));
      time.peer.push_back(raw.at(0));
      cpu.ours.push_back(ours.at(1));
      cpu.peer.push_back(raw.at(1));
      peak.push_back(ours.at(2));
      settled.push_back(ours.at(3));
    }
    return absl::OkStatus();
  }
  std::string Text() const {
    const auto pair = [](const Rounds& of) {
      return Short(Median(of.ours)) + " ms against " + Short(Median(of.peer));
    };
    return pair(time) + " (" + Short(time.Ratio()) + "x), CPU " + pair(cpu) + ", peak " +
           Short(Median(peak) / 1e6) + " MB, then " + Short(Median(settled) / 1e6) + " MB";
  }
};

absl::Status Measure(const BenchOptions& options, Report& report) {
  const auto number = [&](const char* name) { return options.numbers.at(name); };
  const auto vms = static_cast<size_t>(number("vms"));
  const auto most = static_cast<size_t>(number("most-vms"));
  Series real, instant, streamed;
  RETURN_IF_ERROR(
      real.Run(options.rounds, {vms, std::chrono::milliseconds(number("page-ms")), false}));
  RETURN_IF_ERROR(instant.Run(options.rounds, {most, {}, false}));
  RETURN_IF_ERROR(streamed.Run(options.rounds, {most, {}, true}));
  const auto seconds = [](const std::vector<double>& all) {
    return Short(Median(all) / 1000) + " s";
  };
  const auto megabytes = [](const std::vector<double>& all) {
    return Short(Median(all) / 1e6) + " MB";
  };
  report.Add({"P14", "cold start with " + std::to_string(vms) + " VMs", seconds(real.time.ours),
              seconds(real.time.peer), real.time.Ratio(), Bound::kAtMost, 1.15});
  for (const auto& [what, series] :
       {std::pair("pages", &instant), std::pair("a streaming list", &streamed)}) {
    report.Add({"P14", "peak RSS / then, " + std::to_string(most) + " VMs, " + what,
                megabytes(series->peak), megabytes(series->settled),
                Rounds{series->peak, series->settled}.Ratio(), Bound::kAtMost, 1.3});
  }
  report.Note(std::to_string(vms) + " VMs, pages at a real server's pace: " + real.Text());
  report.Note(std::to_string(most) + " VMs, a server that costs nothing, pages: " + instant.Text());
  report.Note(std::to_string(most) +
              " VMs, a server that costs nothing, streaming list: " + streamed.Text());
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_cold_start",
       .about = "P14: time and memory of a cold start in a large cluster.\n",
       .numbers = {{"vms", 5'000, "VMs behind a server of a real one's pace"},
                   {"page-ms", 220, "What that takes for a page of 500"},
                   {"most-vms", 50'000, "VMs behind a server that costs nothing"}},
       .rounds = 5},
      innkeeper::Measure);
}
