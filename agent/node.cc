#include "agent/node.h"

#include <utility>

#include "agent/inspection.h"
#include "base/log.h"

namespace innkeeper {
namespace {

agent::v1::DomainGone::Why ToProto(GoneReason why) {
  switch (why) {
    case GoneReason::kUndefined:
      return agent::v1::DomainGone::WHY_UNDEFINED;
    case GoneReason::kTransientEnded:
      return agent::v1::DomainGone::WHY_TRANSIENT_ENDED;
    case GoneReason::kMigrated:
      return agent::v1::DomainGone::WHY_MIGRATED;
    case GoneReason::kVanished:
      break;
  }
  return agent::v1::DomainGone::WHY_VANISHED;
}

agent::v1::HostUnits ToProto(const UnitsView& view) {
  agent::v1::HostUnits message;
  message.set_bus(view.bus);
  for (const UnitState& unit : view.daemons) {
    agent::v1::HostUnits::Unit& out = *message.add_units();
    out.set_name(unit.name);
    out.set_active_state(unit.active_state);
    out.set_result(unit.result);
    out.set_memory_bytes(unit.memory_bytes);
    out.set_cpu_nanoseconds(unit.cpu_nanoseconds);
    out.set_restarts(unit.restarts);
  }
  return message;
}

// The agent's port is open, but nobody talks sense behind it.
bool SaysUnresponsive(const absl::Status& status) {
  const AgentFailure failure = FailureOf(status);
  return failure == AgentFailure::kUnresponsive || failure == AgentFailure::kPoisoned ||
         failure == AgentFailure::kBusy;
}

}  // namespace

Node::Node(Options options, std::vector<Source> sources, HostUnits& units, CoordinatorLink& link,
           const Clock& clock)
    : options_(std::move(options)),
      sources_(std::move(sources)),
      units_(units),
      link_(link),
      clock_(clock),
      lanes_(options_.lanes, clock),
      orders_(
          lanes_, clock,
          [this](const DomainId& id) {
            const size_t source = SourceOf(id);
            return source == sources_.size() ? nullptr : &sources_[source].guest_agent;
          },
          [this](const DomainId& id, Inspected done) { Inspect(id, std::move(done)); }, Reports()),
      next_inspection_(clock.Monotonic() + options_.inspect_interval) {
  for (const Source& source : sources_) {
    watches_.push_back(std::make_unique<DomainWatch>(options_.watch, source.hypervisor, clock_,
                                                     static_cast<DomainWatchListener&>(*this)));
  }
}

Node::~Node() = default;

TaskReport Node::Reports() {
  return {[this](const agent::v1::OrderProgress& progress) { link_.Publish(progress); },
          [this](const agent::v1::OrderResult& result) { link_.Publish(result); }};
}

absl::Status Node::Start() {
  RETURN_IF_ERROR(Annotate(units_.Start([this] { UnitsChanged(); }), "units"));
  for (const auto& watch : watches_) RETURN_IF_ERROR(watch->Start());
  return link_.Start(*this);
}

void Node::Stop(const Call& drain) {
  link_.Stop(drain);
  for (const auto& watch : watches_) watch->Stop();
  lanes_.Stop(drain);
  units_.Stop();
}

agent::v1::Snapshot Node::TakeSnapshot() {
  agent::v1::Snapshot snapshot;
  for (const auto& watch : watches_) {
    for (agent::v1::Domain& domain : watch->Messages()) {
      *snapshot.add_domains() = std::move(domain);
    }
  }
  *snapshot.mutable_units() = ToProto(units_.View());
  snapshot.set_last(true);
  return snapshot;
}

void Node::OnConnected(bool connected) {
  LogInfo(connected ? "coordinator connected" : "coordinator lost, reconnecting");
}

void Node::OnGuestAgentChanged(const DomainId& id) {
  for (const Source& source : sources_) source.guest_agent.Forget(id);
}

void Node::OnGone(const DomainId& id, GoneReason why) {
  OnGuestAgentChanged(id);
  orders_.DomainGone(id);
  agent::v1::DomainGone gone;
  gone.set_uuid(id.uuid);
  gone.set_why(ToProto(why));
  link_.Publish(std::move(gone));
}

void Node::OnTurn() {
  if (options_.turned) options_.turned();
  const bool due = next_inspection_.With([&](MonotonicTime& next) {
    if (clock_.Monotonic() < next) return false;
    next = clock_.Monotonic() + options_.inspect_interval;
    return true;
  });
  if (due) InspectAll();
}

void Node::InspectAll() {
  for (const auto& watch : watches_) {
    for (const DomainId& id : watch->ReachableGuests()) Inspect(id, nullptr);
  }
}

size_t Node::SourceOf(const DomainId& id) const {
  size_t index = 0;
  while (index < watches_.size() && !watches_[index]->Holds(id)) ++index;
  return index;
}

void Node::Inspect(const DomainId& id, Inspected done) {
  const size_t index = SourceOf(id);
  if (index == sources_.size()) {
    if (done) done(AgentError(AgentFailure::kDomainGone, "this node has no such domain"));
    return;
  }
  const auto probe = [this, id, index, done](const Call& call) {
    absl::StatusOr<agent::v1::GuestFacts> facts =
        InspectGuest(sources_[index].guest_agent, id, clock_, call);
    if (facts.ok()) {
      watches_[index]->SetFacts(id, *std::move(facts));
    } else if (SaysUnresponsive(facts.status())) {
      watches_[index]->SetUnresponsive(id, true);
    }
    if (done) done(facts.status());
    return Lanes::Next::Done();
  };
  if (!lanes_.Submit(id, {"inspect", probe, options_.inspect_limit, /*probe=*/true}) && done) {
    done(AgentError(AgentFailure::kBusy, "the guest's lane is full"));
  }
}

void Node::UnitsChanged() {
  const UnitsView view = units_.View();
  for (const auto& [id, machine] : view.machines) {
    const size_t index = SourceOf(id);
    if (index < watches_.size()) watches_[index]->SetMachine(id, machine.unit);
  }
  link_.Publish(ToProto(view));
}

}  // namespace innkeeper
