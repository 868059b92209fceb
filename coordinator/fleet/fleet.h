#pragma once
// The nodes whose agents are connected, and the orders they were given. Reports go to the home's
// inventory, orders come from the reconcilers; between them stands one rule: a node is believed
// about its own domains and its own orders, and identity is the channel's.
//
// A stream's life here: Hello (a higher epoch replaces the node's present stream, a lower one is
// ended with ABORTED), then reports and results until it closes. What it says before Hello, or
// after it was replaced, counts for nothing.
//
// An order's life: sent -> (progress) -> result -> Acknowledge. A node that comes back without
// knowing an open order never got it or lost it: the order is forgotten and whoever wants it sends
// it again under the same id, which agents answer idempotently. A result is told once; it comes
// again from the agent until it was acknowledged.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "coordinator/fleet/agent_messages.h"
#include "coordinator/fleet/agent_stream.h"
#include "coordinator/fleet/fleet_metrics.h"
#include "coordinator/fleet/orders.h"
#include "coordinator/fleet/report_stream.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"

namespace innkeeper {

// A node as people see it. In memory: a node that was not seen since start is only in the
// NodeStore.
struct NodeView {
  NodeIdentity identity;
  bool connected = false;
  absl::Time since;  // of `connected`
  std::string version, address;
  absl::Time certificate_expires;
  size_t domains = 0;
  std::optional<bool> bus;  // systemd's bus is there; unknown before the first report
  size_t units = 0;
  uint64_t drops = 0;
};

// Thread-safe. Calls its NodeReports under its own lock: they must not call back. Inventory is
// asked without that lock when an order is sent and under it when a result of an unknown order
// comes.
class Fleet final : public AgentStreamListener, public Delivery {
 public:
  struct Options {
    OrderPolicy orders;
    Duration heartbeat = std::chrono::seconds(10);       // asked of agents
    Duration deadline_grace = std::chrono::seconds(30);  // past an order's timeout, for the answer
    std::string version;
    // Told of each report that was refused, with the fleet locked: quick. May be empty.
    std::function<void(const NodeName&, Refusal)> on_refused = {};
  };
  // Everything outlives the fleet. `realm` is asked for each order; quick.
  Fleet(const Inventory& inventory, NodeReports& reports, std::function<RealmFacts()> realm,
        const Clock& clock, FleetMetrics& metrics, Options options);
  ~Fleet() override;

  void OnMessage(const std::shared_ptr<AgentStream>& stream,
                 agent::v1::AgentMessage message) override;
  void OnClosed(const std::shared_ptr<AgentStream>& stream) override;

  // INVALID_ARGUMENT: a password for a disk, which is not the agents' work.
  absl::Status Join(JoinJob job, const Call& call) override;
  absl::Status ClearDisk(const VmUid&, bool, const Call&) override { return absl::OkStatus(); }
  absl::Status Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                      const Call& call) override;
  absl::Status Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                     const Call& call) override;
  absl::Status Inspect(const VmUid& uid, const std::string& order, const Call& call) override;
  void Cancel(const VmUid& uid, const std::string& order) override;
  void Acknowledge(const VmUid& uid, const std::string& order) override;

  std::vector<NodeView> Nodes() const;
  // Watches the orders' deadlines on a thread ("fleet-timer") until the fleet goes.
  void Start();
  // What that thread does: open orders past their deadline end with kDeadline.
  void ExpireOrders();

 private:
  struct Session {
    std::shared_ptr<AgentStream> stream;
    uint64_t epoch = 0;
    std::set<std::string> open_orders;  // of its Hello
    uint64_t drops = 0;                 // as last told
    std::set<Refusal> logged;           // once per stream each: a liar must not fill our log
  };
  struct Node {
    NodeView view;
    std::set<VmUid> domains;
    std::optional<Session> session;
  };
  struct OrderWish {
    VmUid uid;
    std::string id;
    JobKind kind = JobKind::kInspect;
    Duration timeout{};
    std::function<agent::v1::Order()>
        encode;  // may hold a password: called once, right before Send
  };

  // Need mutex_.
  Node* CurrentNode(const AgentStream& stream);
  void OpenSession(Node& node, const std::shared_ptr<AgentStream>& stream, const AgentHello& hello);
  void ForgetUnknownOrders(Node& node);
  void TakeReports(Node& node, ReportStep step);
  void TakeResult(Node& node, ResultReport result);
  void TakeProgress(Node& node, const ProgressReport& progress);
  OrderEntry* OrderOf(Node& node, const std::string& id, const std::optional<VmUid>& uid,
                      std::optional<JobKind> kind);
  JobView SentNow(const std::string& id, JobKind kind) const;
  void Refuse(Node& node, Refusal refusal);
  void Tell(const OrderEntry& entry);
  void SendResultAck(Node& node, const std::string& id);
  void CountAgents();

  void OnHello(const std::shared_ptr<AgentStream>& stream, const agent::v1::Hello& hello);
  void OnReports(const std::shared_ptr<AgentStream>& stream, agent::v1::AgentMessage message);
  absl::Status Dispatch(const OrderWish& wish, const Call& call);
  absl::Status SendOrder(const OrderWish& wish, const NodeName& holder);
  void RunTimer(std::stop_token stop);

  const Inventory& inventory_;
  NodeReports& reports_;
  const std::function<RealmFacts()> realm_;
  const Clock& clock_;
  FleetMetrics& metrics_;
  const Options options_;

  mutable std::mutex mutex_;
  std::condition_variable_any orders_changed_;
  uint64_t orders_version_ = 0;
  std::map<NodeName, Node> nodes_;
  OrderTable orders_;
  // Assembly of each stream's reports; an entry is used by its stream's strand alone.
  std::map<const AgentStream*, std::shared_ptr<ReportStream>> assembling_;
  std::jthread timer_;
};

}  // namespace innkeeper
