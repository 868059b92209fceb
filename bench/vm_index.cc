// P10, P15: what the coordinator keeps of a cluster's VMs, and how that and its costs grow with
// their number. Ours is the product's mirrors, decoder and inventory, fed as a watch feeds them;
// the peer parses the same objects with nlohmann's json and keeps them by their uids, as a cache of
// whole objects does.

#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/random.h"
#include "bench/bench_main.h"
#include "bench/child_figures.h"
#include "bench/growth.h"
#include "bench/process.h"
#include "bench/streamed_kube.h"
#include "coordinator/home/kube/mirrored_vms.h"

namespace innkeeper {
namespace {

constexpr CorpusKind kKinds[] = {CorpusKind::kVm, CorpusKind::kVmi};
constexpr double kKilobyte = 1000;

struct Cost {
  double resident = 0, live = 0;  // bytes, of all VMs
  double sync = 0, event = 0;     // microseconds of CPU: of all VMs, of one event
  double relabel = 0;             // microseconds: a namespace begins to ask
};

// The mirrors of both kinds, and the inventory behind them.
class MirroredCluster {
 public:
  explicit MirroredCluster(size_t vms) {
    for (const CorpusKind kind : kKinds)
      kubes_.emplace(kind, std::make_unique<StreamedKube>(kind, vms));
    // What listens in the product looks the VM up and remembers its key.
    inventory_.OnChange([this](const VmUid& uid) {
      if (const auto vm = inventory_.Find(uid)) seen_ += vm->key.name.size();
    });
  }

  // Microseconds. Instances follow the machines: each thread's cost is its own then.
  absl::StatusOr<double> Sync(const Call& call) {
    double cost = 0;
    for (const CorpusKind kind : kKinds) {
      mirrors_.push_back(std::make_unique<Mirror>(*kubes_.at(kind), CollectionOf(kind),
                                                  ConsumerOf(kind), Mirror::Options{}, random_));
      ASSIGN_OR_RETURN(const Duration took, kubes_.at(kind)->AwaitSync(call));
      cost += Microseconds(took);
    }
    return cost;
  }

  // Microseconds for one event, of machines and instances alike.
  absl::StatusOr<double> Event(size_t events, const Call& call) {
    double cost = 0;
    for (const CorpusKind kind : kKinds) {
      ASSIGN_OR_RETURN(const Duration took, kubes_.at(kind)->Change(events / 2, call));
      cost += Microseconds(took) / static_cast<double>(events / 2);
    }
    return cost / 2;
  }

  // Microseconds until a namespace's wish has been heard.
  double Relabel() {
    const Duration before = ProcessCpu();
    inventory_.SetAsks(OptInSets::Kind::kNamespace, "", "team-001", true);
    return Microseconds(ProcessCpu() - before);
  }
  size_t Known() const { return inventory_.List().size(); }

 private:
  MirrorConsumer& ConsumerOf(CorpusKind kind) {
    if (kind == CorpusKind::kVm) return vms_;
    return vmis_;
  }

  const RealClock clock_;
  SystemRandom random_;
  KubeInventory inventory_{clock_, {}};
  MirroredVms vms_{inventory_};
  MirroredVmis vmis_{inventory_};
  size_t seen_ = 0;
  std::map<CorpusKind, std::unique_ptr<StreamedKube>> kubes_;
  std::vector<std::unique_ptr<Mirror>> mirrors_;  // their threads end first
};

absl::StatusOr<Figures> MeasureOurs(size_t vms, size_t events) {
  const Call call = Call::Within(std::chrono::minutes(10));
  const double resident = TrimmedResidentBytes(), live = LiveBytes();
  MirroredCluster cluster(vms);
  ASSIGN_OR_RETURN(const double sync, cluster.Sync(call));
  const double kept = LiveBytes() - live;
  const double held = TrimmedResidentBytes() - resident;
  ASSIGN_OR_RETURN(const double event, cluster.Event(events, call));
  const double relabel = cluster.Relabel();
  if (cluster.Known() != vms) return absl::InternalError("some VMs are not known");
  return Figures{held, kept, sync, event, relabel};
}

absl::StatusOr<Figures> MeasureDom(size_t vms) {
  const double resident = TrimmedResidentBytes();
  std::unordered_map<std::string, nlohmann::json> cache;
  for (size_t i = 0; i < vms; ++i) {
    for (const CorpusKind kind : kKinds) {
      nlohmann::json object = nlohmann::json::parse(ObjectOf(kind, i));
      std::string uid = object["metadata"]["uid"];
      cache.emplace(std::move(uid), std::move(object));
    }
  }
  return Figures{TrimmedResidentBytes() - resident};
}

absl::StatusOr<Cost> OursOf(size_t vms, size_t events) {
  ASSIGN_OR_RETURN(const Figures got, InChild([&] { return MeasureOurs(vms, events); }));
  return Cost{got.at(0), got.at(1), got.at(2), got.at(3), got.at(4)};
}

std::vector<size_t> SizesUpTo(size_t most) {
  std::vector<size_t> sizes;
  for (const size_t size : {1'000u, 3'000u, 10'000u, 30'000u, 100'000u}) {
    if (size < most) sizes.push_back(size);
  }
  sizes.push_back(most);
  return sizes;
}

class VmIndexBench {
 public:
  explicit VmIndexBench(const BenchOptions& options)
      : rounds_(options.rounds),
        vms_(static_cast<size_t>(options.numbers.at("vms"))),
        peer_vms_(static_cast<size_t>(options.numbers.at("peer-vms"))),
        events_(static_cast<size_t>(options.numbers.at("events"))) {}

  absl::Status Run() {
    for (int round = 0; round < rounds_; ++round) {
      for (const size_t size : SizesUpTo(vms_)) {
        ASSIGN_OR_RETURN(const Cost cost, OursOf(size, events_));
        costs_[size].push_back(cost);
      }
      ASSIGN_OR_RETURN(const Figures dom, InChild([&] { return MeasureDom(peer_vms_); }));
      memory_.ours.push_back(costs_.at(vms_).back().resident / static_cast<double>(vms_));
      memory_.peer.push_back(dom.at(0) / static_cast<double>(peer_vms_));
    }
    return absl::OkStatus();
  }

  void Tell(Report& report) const {
    const double ours = Median(memory_.ours), peer = Median(memory_.peer);
    const std::string among = std::to_string(vms_) + " VMs";
    const auto kilobytes = [](double bytes) { return Short(bytes / kKilobyte) + " kB"; };
    report.Add({"P10", "memory per VM against a DOM, " + among, kilobytes(ours), kilobytes(peer),
                memory_.Ratio(), Bound::kAtMost, 1.0 / 15});
    report.Add({"P10", "memory per VM, " + among, kilobytes(ours), "", ours / kKilobyte,
                Bound::kAtMost, 1.2, " kB"});
    AddGrowth(report, "memory", 1.05, &Cost::live);
    AddGrowth(report, "CPU of a full sync", 1.05, &Cost::sync);
    AddGrowth(report, "CPU of an event", 0.10, &Cost::event);
    for (const auto& [size, all] : costs_) NoteSize(report, size);
    report.Note("an object: VirtualMachine " + std::to_string(ObjectOf(CorpusKind::kVm, 7).size()) +
                " bytes, its instance " + std::to_string(ObjectOf(CorpusKind::kVmi, 7).size()) +
                "; the peer kept " + std::to_string(peer_vms_) + " VMs");
  }

 private:
  double MedianOf(size_t size, double Cost::*what) const {
    std::vector<double> values;
    for (const Cost& cost : costs_.at(size)) values.push_back(cost.*what);
    return Median(values);
  }
  void AddGrowth(Report& report, const std::string& what, double goal, double Cost::*cost) const {
    std::vector<GrowthPoint> points;
    for (const auto& [size, all] : costs_)
      points.push_back({static_cast<double>(size), MedianOf(size, cost)});
    report.Add({"P15", what + " grows with the VMs' number to the power of", "", "",
                GrowthExponent(points), Bound::kAtMost, goal, ""});
  }
  void NoteSize(Report& report, size_t size) const {
    const auto vms = static_cast<double>(size);
    report.Note(std::to_string(size) + " VMs: " + Short(MedianOf(size, &Cost::resident) / vms) +
                " bytes resident and " + Short(MedianOf(size, &Cost::live) / vms) +
                " allocated per VM; a sync " + Short(MedianOf(size, &Cost::sync) / vms) +
                " us of CPU per VM; an event " + Short(MedianOf(size, &Cost::event)) +
                " us; a namespace that begins to ask " +
                Short(MedianOf(size, &Cost::relabel) / 1000) + " ms");
  }

  const int rounds_;
  const size_t vms_, peer_vms_, events_;
  std::map<size_t, std::vector<Cost>> costs_;
  Rounds memory_;
};

absl::Status Measure(const BenchOptions& options, Report& report) {
  VmIndexBench bench(options);
  RETURN_IF_ERROR(bench.Run());
  bench.Tell(report);
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_vm_index",
       .about = "P10, P15: memory per VM, and how it and the costs grow with their number.\n",
       .numbers = {{"vms", 100'000, "The largest cluster"},
                   {"peer-vms", 20'000, "VMs that the peer keeps: 40 kB each"},
                   {"events", 20'000, "Changes in each cluster"}},
       .rounds = 5},
      innkeeper::Measure);
}
