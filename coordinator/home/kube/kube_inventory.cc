#include "coordinator/home/kube/kube_inventory.h"

#include <algorithm>
#include <utility>

namespace innkeeper {
namespace {

constexpr size_t kSources = 3;  // of KubeInventory::Source

// Jobs of one domain that are remembered; one runs at a time, the rest wait to be acknowledged.
constexpr size_t kMostJobs = 16;

// The holder's word about its own domain, over what virt-handler says of it.
void Overlay(const DomainReport& report, absl::Time agent_since, VmRecord& record) {
  if (record.run == VmRun::kRunning) record.run = report.run;
  if (!report.run_id.empty()) record.run_id += "/" + report.run_id;
  record.agent = report.agent;
  record.agent_since = agent_since;
  record.claims = report.claims;
}

}  // namespace

KubeInventory::KubeInventory(const Clock& clock, Options options)
    : clock_(clock),
      options_(options),
      started_(clock.Monotonic()),
      state_(State(clock)),
      opt_in_(state_.With([](State& state) { return &state.index.opt_in(); })) {}

void KubeInventory::Change(const std::function<Touched(State&)>& change) {
  Touched touched;
  const auto listeners = state_.With([&](State& state) {
    touched = change(state);
    return state.listeners;
  });
  for (const VmUid& uid : touched) {
    for (const auto& listener : listeners) listener(uid);
  }
}

// --- what mirrors tell

void KubeInventory::SetVm(const VmView& vm, JoinerMarks marks) {
  Change([&](State& state) { return state.index.SetVm(vm, std::move(marks)); });
}

void KubeInventory::DropVm(const VmUid& uid) {
  Change([&](State& state) {
    const absl::Time now = clock_.Now();
    if (now - state.forgot > absl::Hours(1)) {
      state.index.Forget(now - absl::FromChrono(options_.forget_after));
      state.forgot = now;
    }
    return state.index.DropVm(uid);
  });
}

void KubeInventory::SetVmi(const VmiView& vmi) {
  Change([&](State& state) { return state.index.SetVmi(vmi); });
}

void KubeInventory::DropVmi(const std::string& uid) {
  Change([&](State& state) { return state.index.DropVmi(uid); });
}

void KubeInventory::SetAsks(OptInSets::Kind kind, const std::string& ns, const std::string& name,
                            bool asks) {
  Change([&](State& state) { return state.index.SetAsks(kind, ns, name, asks); });
}

void KubeInventory::Synced(Source source) {
  state_.With([&](State& state) { state.synced.insert(source); });
}

void KubeInventory::Expect(const std::vector<NodeRecord>& nodes) {
  state_.With([&](State& state) {
    for (auto& [name, node] : state.nodes) node.expected = node.connected;
    for (const NodeRecord& record : nodes) {
      Node& node = state.nodes[record.identity.node];
      node.expected = !record.revoked;
      if (node.since == absl::Time()) node.since = clock_.Now();
    }
  });
}

// --- what agents tell

void KubeInventory::Tell(const State& state, const NodeName& node, const std::string& domain,
                         Touched& touched) {
  if (const auto uid = state.index.FindByDomain(domain, node)) touched.insert(*uid);
}

KubeInventory::Touched KubeInventory::OfNode(const State& state, const NodeName& node) {
  Touched touched;
  const auto found = state.nodes.find(node);
  if (found == state.nodes.end()) return touched;
  for (const auto& [domain, known] : found->second.domains) Tell(state, node, domain, touched);
  return touched;
}

void KubeInventory::NodeConnected(const NodeIdentity& node) {
  Change([&](State& state) {
    Node& entry = state.nodes[node.node];
    entry.expected = entry.connected = true;
    entry.since = clock_.Now();
    return OfNode(state, node.node);
  });
}

void KubeInventory::NodeDisconnected(const NodeIdentity& node) {
  Change([&](State& state) {
    Node& entry = state.nodes[node.node];
    entry.connected = false;
    entry.since = clock_.Now();
    return OfNode(state, node.node);
  });
}

void KubeInventory::Take(Node& node, DomainReport report) {
  Domain& domain = node.domains[report.uid.text];
  const bool fresh = !domain.report || domain.report->agent != report.agent;
  if (fresh) domain.agent_since = clock_.Now();
  if (!report.claims && domain.report) report.claims = std::move(domain.report->claims);
  domain.report = std::move(report);
}

void KubeInventory::Snapshot(const NodeIdentity& node, std::vector<DomainReport> domains) {
  Change([&](State& state) {
    Touched touched = OfNode(state, node.node);
    Node& entry = state.nodes[node.node];
    std::set<std::string> named;
    for (DomainReport& report : domains) {
      named.insert(report.uid.text);
      Take(entry, std::move(report));
    }
    std::erase_if(entry.domains, [&](const auto& known) { return !named.contains(known.first); });
    entry.reported = true;
    touched.merge(OfNode(state, node.node));
    return touched;
  });
}

void KubeInventory::Changed(const NodeIdentity& node, DomainReport domain) {
  Change([&](State& state) {
    Touched touched;
    const std::string uuid = domain.uid.text;
    Take(state.nodes[node.node], std::move(domain));
    Tell(state, node.node, uuid, touched);
    return touched;
  });
}

// Why does not matter: whether the VM is gone is the API server's word.
void KubeInventory::Gone(const NodeIdentity& node, const VmUid& domain, GoneWhy) {
  Change([&](State& state) {
    Touched touched;
    state.nodes[node.node].domains.erase(domain.text);
    Tell(state, node.node, domain.text, touched);
    return touched;
  });
}

void KubeInventory::JobChanged(const NodeIdentity& node, const VmUid& domain, const JobView& job) {
  Change([&](State& state) {
    Touched touched;
    Tell(state, node.node, domain.text, touched);
    if (touched.empty()) return touched;
    auto& jobs = state.nodes[node.node].domains[domain.text].jobs;
    if (jobs.size() >= kMostJobs && !jobs.contains(job.id)) return Touched{};
    jobs[job.id] = job;
    return touched;
  });
}

void KubeInventory::JobForgotten(const NodeIdentity& node, const VmUid& domain,
                                 const std::string& id) {
  Change([&](State& state) {
    Touched touched;
    auto& domains = state.nodes[node.node].domains;
    const auto found = domains.find(domain.text);
    if (found != domains.end() && found->second.jobs.erase(id) > 0)
      Tell(state, node.node, domain.text, touched);
    return touched;
  });
}

// --- reads

std::optional<VmRecord> KubeInventory::Joined(const State& state, const VmUid& uid) const {
  std::optional<VmRecord> record = state.index.Find(uid);
  if (!record || record->node.text.empty()) return record;
  const auto node = state.nodes.find(record->node);
  if (node == state.nodes.end()) return record;
  record->node_connected = node->second.connected;
  record->node_since = node->second.since;
  const std::string uuid = state.index.DomainOf(uid);
  const auto domain = node->second.domains.find(uuid);
  if (uuid.empty() || domain == node->second.domains.end()) return record;
  record->jobs = domain->second.jobs;
  if (domain->second.report) Overlay(*domain->second.report, domain->second.agent_since, *record);
  return record;
}

std::optional<VmRecord> KubeInventory::Find(const VmUid& uid) const {
  return state_.With([&](const State& state) { return Joined(state, uid); });
}

std::vector<VmRecord> KubeInventory::FindByKey(const GuestKey& key) const {
  return state_.With([&](const State& state) {
    std::vector<VmRecord> found;
    for (const VmUid& uid : state.index.FindByKey(key)) found.push_back(*Joined(state, uid));
    return found;
  });
}

std::vector<VmRecord> KubeInventory::List() const {
  return state_.With([&](const State& state) {
    std::vector<VmRecord> all;
    for (const VmUid& uid : state.index.All()) all.push_back(*Joined(state, uid));
    return all;
  });
}

std::optional<BootState> KubeInventory::FindBoot(const VmUid& uid) const {
  return state_.With([&](const State& state) { return state.index.FindBoot(uid); });
}

std::optional<JoinerVm> KubeInventory::FindJoinerVm(const VmUid& uid) const {
  return state_.With([&](const State& state) { return state.index.FindJoinerVm(uid); });
}

VmUid KubeInventory::DomainOf(const VmUid& uid) const {
  return state_.With([&](const State& state) { return VmUid{state.index.DomainOf(uid)}; });
}

std::optional<VmRecord> KubeInventory::ByDomain::Find(const VmUid& domain) const {
  return all_.state_.With([&](const State& state) -> std::optional<VmRecord> {
    const std::optional<VmUid> uid = state.index.FindByDomain(domain.text);
    std::optional<VmRecord> record = uid ? state.index.Find(*uid) : std::nullopt;
    if (record) record->uid = domain;
    return record;
  });
}

bool KubeInventory::Settled() const {
  const bool patient = clock_.Monotonic() - started_ < options_.node_grace;
  return state_.With([&](const State& state) {
    if (state.synced.size() < kSources) return false;
    return !patient || std::all_of(state.nodes.begin(), state.nodes.end(), [](const auto& node) {
      return !node.second.expected || node.second.reported;
    });
  });
}

bool KubeInventory::AllNodesConnected() const {
  return state_.With([](const State& state) {
    return std::all_of(state.nodes.begin(), state.nodes.end(), [](const auto& node) {
      return !node.second.expected || (node.second.connected && node.second.reported);
    });
  });
}

void KubeInventory::OnChange(std::function<void(const VmUid&)> changed) {
  state_.With([&](State& state) { state.listeners.push_back(std::move(changed)); });
}

}  // namespace innkeeper
