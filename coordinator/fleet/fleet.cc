#include "coordinator/fleet/fleet.h"

#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using agent::v1::CoordinatorMessage;

// Most nodes that are remembered while disconnected; each has a certificate of ours.
constexpr size_t kMostNodes = 16384;

}  // namespace

Fleet::Fleet(const Inventory& inventory, NodeReports& reports, std::function<RealmFacts()> realm,
             const Clock& clock, FleetMetrics& metrics, Options options)
    : inventory_(inventory),
      reports_(reports),
      realm_(std::move(realm)),
      clock_(clock),
      metrics_(metrics),
      options_(std::move(options)) {}

Fleet::~Fleet() = default;

void Fleet::Start() {
  timer_ = std::jthread([this](std::stop_token stop) {
    NameThread("fleet-timer");
    RunTimer(std::move(stop));
  });
}

void Fleet::RunTimer(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const uint64_t seen = orders_version_;
    const auto changed = [&] { return orders_version_ != seen; };
    if (const std::optional<MonotonicTime> next = orders_.NextDeadline()) {
      orders_changed_.wait_until(lock, stop, *next, changed);
    } else {
      orders_changed_.wait(lock, stop, changed);
    }
    lock.unlock();
    ExpireOrders();
    lock.lock();
  }
}

void Fleet::ExpireOrders() {
  const std::scoped_lock lock(mutex_);
  for (const OrderEntry& entry : orders_.Expire(clock_.Monotonic())) {
    LogWarning(
        "no answer to an order",
        {{"order", entry.view.id}, {"node", entry.node.node.text}, {"domain", entry.uid.text}});
    Tell(entry);
  }
}

void Fleet::OnMessage(const std::shared_ptr<AgentStream>& stream, AgentMessage message) {
  switch (message.message_case()) {
    case AgentMessage::kHello:
      return OnHello(stream, message.hello());
    case AgentMessage::MESSAGE_NOT_SET:
      return;  // a member this version does not know
    default:
      return OnReports(stream, std::move(message));
  }
}

void Fleet::OnHello(const std::shared_ptr<AgentStream>& stream, const agent::v1::Hello& hello) {
  const absl::StatusOr<AgentHello> decoded = DecodeHello(hello);
  const std::scoped_lock lock(mutex_);
  if (!decoded.ok()) {
    metrics_.Refused(RefusalOf(decoded.status()));
    return stream->End(absl::InvalidArgumentError("bad hello"));
  }
  if (!nodes_.contains(stream->node().node) && nodes_.size() >= kMostNodes)
    return stream->End(absl::ResourceExhaustedError("too many nodes"));
  Node& node = nodes_[stream->node().node];
  if (node.session && node.session->stream == stream)
    return stream->End(absl::InvalidArgumentError("a second hello"));
  if (node.session && node.session->epoch >= decoded->epoch)
    return stream->End(absl::AbortedError("a stream with a higher epoch is open"));
  OpenSession(node, stream, *decoded);
}

void Fleet::OpenSession(Node& node, const std::shared_ptr<AgentStream>& stream,
                        const AgentHello& hello) {
  const bool takeover = node.session.has_value();
  if (takeover) {
    assembling_.erase(node.session->stream.get());
    node.session->stream->End(absl::AbortedError("replaced by a newer stream"));
  } else {
    node.view.since = clock_.Now();
  }
  node.view.identity = stream->node();
  node.view.connected = true;
  node.view.version = hello.version;
  node.view.address = stream->address();
  node.view.certificate_expires = stream->certificate_expires();
  node.session = Session{.stream = stream,
                         .epoch = hello.epoch,
                         .open_orders = {hello.open_orders.begin(), hello.open_orders.end()},
                         .logged = {}};
  assembling_[stream.get()] = std::make_shared<ReportStream>();
  CountAgents();
  LogInfo(takeover ? "agent's stream replaced" : "agent connected",
          {{"node", node.view.identity.node.text},
           {"address", node.view.address},
           {"version", node.view.version}});
  CoordinatorMessage message;
  agent::v1::Welcome& welcome = *message.mutable_welcome();
  welcome.mutable_heartbeat()->set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(options_.heartbeat).count());
  welcome.mutable_heartbeat()->set_nanos(
      static_cast<int32_t>((options_.heartbeat % std::chrono::seconds(1)).count()));
  welcome.mutable_now()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  welcome.set_version(options_.version);
  stream->Send(std::move(message));
  if (!takeover) reports_.NodeConnected(node.view.identity);
  ForgetUnknownOrders(node);
}

// What was sent on a stream that broke may never have arrived. Nothing is sent again from here: the
// password is not kept, and who wants the order knows best whether it still does.
void Fleet::ForgetUnknownOrders(Node& node) {
  for (const std::string& id : orders_.OpenOn(node.view.identity.node)) {
    if (node.session->open_orders.contains(id)) continue;
    const VmUid uid = orders_.Find(id)->uid;
    orders_.Drop(id);
    reports_.JobForgotten(node.view.identity, uid, id);
  }
}

Fleet::Node* Fleet::CurrentNode(const AgentStream& stream) {
  const auto found = nodes_.find(stream.node().node);
  if (found == nodes_.end() || !found->second.session) return nullptr;
  return found->second.session->stream.get() == &stream ? &found->second : nullptr;
}

void Fleet::OnReports(const std::shared_ptr<AgentStream>& stream, AgentMessage message) {
  std::shared_ptr<ReportStream> assembly;
  {
    const std::scoped_lock lock(mutex_);
    if (CurrentNode(*stream) == nullptr) {
      // Replaced, or it never said Hello; only the latter is anybody's fault.
      return stream->End(absl::InvalidArgumentError("no hello"));
    }
    assembly = assembling_[stream.get()];
  }
  // Decoding, the costly part, is done outside the lock: only this strand has this stream's
  // assembly.
  const absl::Time now = clock_.Now();
  ReportStep step;
  if (message.has_snapshot()) step = assembly->Apply(std::move(*message.mutable_snapshot()), now);
  if (message.has_delta()) step = assembly->Apply(std::move(*message.mutable_delta()), now);
  if (message.has_heartbeat()) step = assembly->Apply(message.heartbeat());

  const std::scoped_lock lock(mutex_);
  Node* const node = CurrentNode(*stream);
  if (node == nullptr) return;
  if (message.has_progress()) {
    const absl::StatusOr<ProgressReport> progress = DecodeProgress(message.progress());
    return progress.ok() ? TakeProgress(*node, *progress)
                         : Refuse(*node, RefusalOf(progress.status()));
  }
  if (message.has_result()) {
    absl::StatusOr<ResultReport> result = DecodeResult(message.result());
    return result.ok() ? TakeResult(*node, *std::move(result))
                       : Refuse(*node, RefusalOf(result.status()));
  }
  if (message.has_heartbeat() && message.heartbeat().drops() > node->session->drops) {
    metrics_.AgentDrops(message.heartbeat().drops() - node->session->drops);
    node->session->drops = node->view.drops = message.heartbeat().drops();
  }
  TakeReports(*node, std::move(step));
}

void Fleet::TakeReports(Node& node, ReportStep step) {
  AgentStream& stream = *node.session->stream;
  for (const Refusal refusal : step.refused) Refuse(node, refusal);
  if (!step.end.ok()) {
    metrics_.StreamRefused(FleetMetrics::StreamRefusal::kProtocol);
    return stream.End(step.end);
  }
  for (const GoneReport& gone : step.gone) {
    node.domains.erase(gone.uid);
    reports_.Gone(node.view.identity, gone.uid, gone.why);
  }
  if (step.snapshot) {
    node.domains.clear();
    for (const DomainReport& domain : *step.snapshot) node.domains.insert(domain.uid);
    reports_.Snapshot(node.view.identity, *std::move(step.snapshot));
  }
  for (DomainReport& domain : step.changed) {
    node.domains.insert(domain.uid);
    reports_.Changed(node.view.identity, std::move(domain));
  }
  node.view.domains = node.domains.size();
  if (step.units) {
    node.view.bus = step.units->bus();
    node.view.units = static_cast<size_t>(step.units->units_size());
  }
  CoordinatorMessage message;
  if (step.ack) {
    message.mutable_ack()->set_sequence(*step.ack);
    stream.Send(std::move(message));
  } else if (step.resync != nullptr) {
    metrics_.Resync();
    message.mutable_resync()->set_reason(step.resync);
    stream.Send(std::move(message));
  }
}

void Fleet::OnClosed(const std::shared_ptr<AgentStream>& stream) {
  const std::scoped_lock lock(mutex_);
  assembling_.erase(stream.get());
  Node* const node = CurrentNode(*stream);
  if (node == nullptr) return;
  node->session.reset();
  node->view.connected = false;
  node->view.since = clock_.Now();
  CountAgents();
  LogInfo("agent disconnected", {{"node", node->view.identity.node.text}});
  reports_.NodeDisconnected(node->view.identity);
}

void Fleet::Refuse(Node& node, Refusal refusal) {
  metrics_.Refused(refusal);
  if (options_.on_refused) options_.on_refused(node.view.identity.node, refusal);
  if (!node.session || !node.session->logged.insert(refusal).second) return;
  LogWarning("report refused",
             {{"node", node.view.identity.node.text}, {"reason", RefusalText(refusal)}});
}

void Fleet::CountAgents() {
  size_t connected = 0;
  for (const auto& [name, node] : nodes_) connected += node.session ? 1 : 0;
  metrics_.Agents(connected, nodes_.size() - connected);
}

std::vector<NodeView> Fleet::Nodes() const {
  const std::scoped_lock lock(mutex_);
  std::vector<NodeView> views;
  for (const auto& [name, node] : nodes_) views.push_back(node.view);
  return views;
}

}  // namespace innkeeper
