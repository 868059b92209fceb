#pragma once
// The agent without its concrete parts: what its domains do goes up the link, what the coordinator
// orders goes down into the guests' lanes. Tests build it from doubles.

#include <functional>
#include <memory>
#include <vector>

#include "agent/domain_watch.h"
#include "agent/lanes.h"
#include "agent/link/coordinator_link.h"
#include "agent/order_book.h"
#include "agent/units/host_units.h"
#include "base/clock.h"
#include "vm/guest_agent/guest_agent.h"
#include "vm/hypervisor.h"

namespace innkeeper {

class Node : public LinkListener, private DomainWatchListener {
 public:
  struct Options {
    std::string boot_id;  // of the kernel
    DomainWatch::Options watch;
    Lanes::Options lanes;
    Duration inspect_interval = std::chrono::minutes(5);  // each reachable guest's facts
    Duration inspect_limit = std::chrono::seconds(60);    // one inspection
    std::function<void()> turned;                         // the loop turned; quick
  };
  // One libvirt daemon and the guest agents it reaches; both outlive the node.
  struct Source {
    Hypervisor& hypervisor;
    GuestAgent& guest_agent;
  };
  // Everything outlives the node.
  Node(Options options, std::vector<Source> sources, HostUnits& units, CoordinatorLink& link,
       const Clock& clock);
  ~Node() override;

  // Order of start: units, watches, link. Stop takes them down in reverse order.
  absl::Status Start();
  void Stop(const Call& drain);

  // LinkListener: the link's threads.
  agent::v1::Snapshot TakeSnapshot() override;
  std::vector<std::string> OpenOrders() override { return orders_.Open(); }
  void OnOrder(agent::v1::Order order) override { orders_.Accept(std::move(order)); }
  void OnCancel(const std::string& order_id) override { orders_.Cancel(order_id); }
  void OnResultAck(const std::string& order_id) override { orders_.Acknowledge(order_id); }
  void OnConnected(bool connected) override;

  // For metrics and health.
  const std::vector<std::unique_ptr<DomainWatch>>& watches() const { return watches_; }
  const Lanes& lanes() const { return lanes_; }
  const OrderBook& orders() const { return orders_; }

 private:
  void OnDomain(agent::v1::Domain domain) override { link_.Publish(std::move(domain)); }
  void OnGone(const DomainId& id, GoneReason why) override;
  void OnGuestAgentChanged(const DomainId& id) override;
  void OnGuestAgent(const DomainId& id) override { Inspect(id, nullptr); }
  void OnTurn() override;

  using Inspected = std::function<void(absl::Status)>;
  void Inspect(const DomainId& id, Inspected done);
  void InspectAll();
  void UnitsChanged();
  size_t SourceOf(const DomainId& id) const;  // sources_.size(): none
  TaskReport Reports();

  const Options options_;
  const std::vector<Source> sources_;
  HostUnits& units_;
  CoordinatorLink& link_;
  const Clock& clock_;
  std::vector<std::unique_ptr<DomainWatch>> watches_;  // one for each source, same order
  Lanes lanes_;
  OrderBook orders_;
  Guarded<MonotonicTime> next_inspection_;
};

}  // namespace innkeeper
