#pragma once
// One call of AgentService.Connect. Internal to agent_service: includes gRPC.
//
// gRPC may run a completion inside the call that starts an operation, so nothing is started while
// the mutex is held: Pump() decides under it and acts outside, one thread at a time. Finish is
// called exactly once, when no write is under way, and nothing is started after it.

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "coordinator/fleet/agent_service.h"
#include "coordinator/fleet/agent_stream.h"
#include "coordinator/fleet/worker_pool.h"
#include "innkeeper/agent/v1/agent.grpc.pb.h"

namespace innkeeper {

// What a reactor needs of its service; outlives every reactor.
struct ReactorContext {
  AgentGate gate;
  AgentStreamListener* listener = nullptr;
  const Clock* clock = nullptr;
  FleetMetrics* metrics = nullptr;
  WorkerPool* workers = nullptr;
  Duration silence{};  // the longest without a message
  Duration drain{};
  std::function<void(AgentStream*, MonotonicTime)> wake_at;  // asks for CheckTime then
  std::function<void(AgentStream*)> closed;                  // after OnClosed was told
};

class AgentReactor final
    : public grpc::ServerBidiReactor<agent::v1::AgentMessage, agent::v1::CoordinatorMessage>,
      public AgentStream,
      public Turns,
      public std::enable_shared_from_this<AgentReactor> {
 public:
  struct Peer {
    StreamPeer who;
    std::string certificate;
    std::string address;
  };
  AgentReactor(grpc::CallbackServerContext& call, Peer peer, const ReactorContext& context);
  // Reads from now on; keeps itself alive until gRPC and the workers are done with it.
  void Start();

  const NodeIdentity& node() const override { return peer_.who.node; }
  const std::string& address() const override { return peer_.address; }
  absl::Time certificate_expires() const override { return peer_.who.certificate_expires; }
  bool Send(agent::v1::CoordinatorMessage message) override;
  void End(absl::Status why) override;

  // Ends the stream if its time is over; else asks to be woken when it may be.
  void CheckTime();

 private:
  enum class Step { kNone, kRead, kWrite, kFinish, kCancel };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  bool TakeTurn() override;

  void Pump();
  Step NextStep();          // needs mutex_
  void Perform(Step step);  // without it
  void EndLocked(absl::Status why);
  void ScheduleLocked();
  void AcceptLocked();
  bool AdmitOnce();
  std::optional<agent::v1::AgentMessage> PopMessage();

  grpc::CallbackServerContext& call_;
  const Peer peer_;
  const ReactorContext& context_;
  const MonotonicTime opened_;

  // One operation of each kind under way at most; these two belong to it.
  agent::v1::AgentMessage incoming_;
  agent::v1::CoordinatorMessage outgoing_;

  std::mutex mutex_;
  std::deque<agent::v1::AgentMessage> inbox_;
  std::deque<agent::v1::CoordinatorMessage> outbox_;
  std::optional<absl::Status> ending_;
  MonotonicTime ending_since_{};
  MonotonicTime heard_;
  bool reading_ = false, writing_ = false, peer_done_ = false;
  bool cancelled_ = false, finished_ = false, done_ = false;
  bool pumping_ = false, pump_again_ = false, scheduled_ = false;
  std::shared_ptr<AgentReactor> self_;  // until OnDone

  // Of the strand alone.
  enum class Admission { kUnknown, kGranted, kRefused } admission_ = Admission::kUnknown;
  bool heard_any_ = false, closed_told_ = false;
};

}  // namespace innkeeper
