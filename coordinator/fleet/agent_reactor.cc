#include "coordinator/fleet/agent_reactor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "coordinator/fleet/agent_messages.h"

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using agent::v1::CoordinatorMessage;

// Messages of one stream that wait for a worker; with the 1 MiB cap per message and HTTP/2's window
// this bounds what a flooding agent can make us hold.
constexpr size_t kInbox = 16;
// Messages that wait for the network. Acks collapse, so that these are orders and few others.
constexpr size_t kOutbox = 1024;
constexpr int kMessagesPerTurn = 16;
constexpr Duration kAdmitTimeout = std::chrono::seconds(10);
// The wall clock may be set, so a certificate's end is looked at again at least this often.
constexpr Duration kLongestWait = std::chrono::minutes(1);

grpc::Status ToGrpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

void Wipe(CoordinatorMessage& message) {
  if (message.has_order()) WipePassword(*message.mutable_order());
}

}  // namespace

AgentReactor::AgentReactor(grpc::CallbackServerContext& call, Peer peer,
                           const ReactorContext& context)
    : call_(call),
      peer_(std::move(peer)),
      context_(context),
      opened_(context.clock->Monotonic()),
      heard_(opened_) {}

void AgentReactor::Start() {
  {
    const std::scoped_lock lock(mutex_);
    self_ = shared_from_this();
  }
  CheckTime();
  Pump();
}

bool AgentReactor::Send(CoordinatorMessage message) {
  bool queued = true;
  {
    const std::scoped_lock lock(mutex_);
    if (ending_) {
      Wipe(message);
      return false;
    }
    const bool acks = message.has_ack() && !outbox_.empty() && outbox_.back().has_ack();
    if (acks) {
      outbox_.back() = std::move(message);
    } else if (outbox_.size() < kOutbox) {
      outbox_.push_back(std::move(message));
    } else {
      Wipe(message);
      context_.metrics->StreamRefused(FleetMetrics::StreamRefusal::kSlow);
      EndLocked(absl::ResourceExhaustedError("the agent does not read"));
      queued = false;
    }
  }
  Pump();
  return queued;
}

void AgentReactor::End(absl::Status why) {
  {
    const std::scoped_lock lock(mutex_);
    EndLocked(std::move(why));
  }
  Pump();
}

void AgentReactor::EndLocked(absl::Status why) {
  if (ending_) return;
  ending_ = std::move(why);
  ending_since_ = context_.clock->Monotonic();
  for (CoordinatorMessage& message : outbox_) Wipe(message);
  outbox_.clear();
  if (writing_) context_.wake_at(this, ending_since_ + context_.drain);
}

void AgentReactor::CheckTime() {
  std::optional<MonotonicTime> next;
  {
    const std::scoped_lock lock(mutex_);
    if (finished_) return;
    const MonotonicTime now = context_.clock->Monotonic();
    const Duration lifetime =
        absl::ToChronoNanoseconds(peer_.who.certificate_expires - context_.clock->Now());
    // While reading is paused it is us who are slow, not the agent who is silent.
    const MonotonicTime silent_at = reading_ ? heard_ + context_.silence : now + context_.silence;
    if (ending_) {
      cancelled_ = cancelled_ || now >= ending_since_ + context_.drain;
    } else if (lifetime <= Duration::zero()) {
      context_.metrics->StreamRefused(FleetMetrics::StreamRefusal::kCertificate);
      EndLocked(absl::UnauthenticatedError("the certificate has expired"));
    } else if (now >= silent_at) {
      context_.metrics->StreamRefused(FleetMetrics::StreamRefusal::kSilent);
      EndLocked(absl::DeadlineExceededError("nothing heard for three heartbeats"));
    } else {
      next = std::min(silent_at, now + std::min(lifetime, kLongestWait));
    }
  }
  if (next) context_.wake_at(this, *next);
  Pump();
}

void AgentReactor::Pump() {
  // Finish may drop the last reference from within.
  const std::shared_ptr<AgentReactor> keep = shared_from_this();
  std::unique_lock lock(mutex_);
  if (pumping_) {
    pump_again_ = true;
    return;
  }
  pumping_ = true;
  for (Step step = NextStep(); step != Step::kNone || pump_again_; step = NextStep()) {
    pump_again_ = false;
    lock.unlock();
    Perform(step);
    lock.lock();
  }
  pumping_ = false;
}

AgentReactor::Step AgentReactor::NextStep() {
  if (finished_ || !self_) return Step::kNone;
  if (ending_ && writing_ && cancelled_) {
    cancelled_ = false;
    return Step::kCancel;
  }
  if (ending_ && !writing_) {
    finished_ = true;
    return Step::kFinish;
  }
  if (ending_) return Step::kNone;
  if (!writing_ && !outbox_.empty()) {
    outgoing_ = std::move(outbox_.front());
    outbox_.pop_front();
    writing_ = true;
    return Step::kWrite;
  }
  if (!reading_ && !peer_done_ && inbox_.size() < kInbox) {
    reading_ = true;
    return Step::kRead;
  }
  return Step::kNone;
}

void AgentReactor::Perform(Step step) {
  switch (step) {
    case Step::kNone:
      return;
    case Step::kRead:
      return StartRead(&incoming_);
    case Step::kWrite:
      return StartWrite(&outgoing_);
    case Step::kFinish:
      return Finish(ToGrpc(*ending_));  // ending_ never changes once set
    case Step::kCancel:
      return call_.TryCancel();
  }
}

void AgentReactor::OnReadDone(bool ok) {
  {
    const std::scoped_lock lock(mutex_);
    reading_ = false;
    if (ok) {
      heard_ = context_.clock->Monotonic();
      inbox_.push_back(std::exchange(incoming_, {}));
      ScheduleLocked();
    } else {
      peer_done_ = true;
      EndLocked(absl::OkStatus());  // half-closed or broken: either way it has nothing more to say
    }
  }
  Pump();
}

void AgentReactor::OnWriteDone(bool ok) {
  {
    const std::scoped_lock lock(mutex_);
    Wipe(outgoing_);
    outgoing_.Clear();
    writing_ = false;
    if (!ok) EndLocked(absl::CancelledError("the stream broke"));
  }
  Pump();
}

void AgentReactor::OnCancel() { End(absl::CancelledError("the stream was cancelled")); }

void AgentReactor::OnDone() {
  std::shared_ptr<AgentReactor> self;
  const std::scoped_lock lock(mutex_);
  done_ = true;
  ScheduleLocked();  // to tell that it is over
  self = std::move(self_);
}

void AgentReactor::ScheduleLocked() {
  if (scheduled_) return;
  scheduled_ = true;
  context_.workers->Schedule(shared_from_this());
}

std::optional<AgentMessage> AgentReactor::PopMessage() {
  const std::scoped_lock lock(mutex_);
  if (inbox_.empty()) return std::nullopt;
  std::optional<AgentMessage> message(std::move(inbox_.front()));
  inbox_.pop_front();
  return message;
}

bool AgentReactor::AdmitOnce() {
  if (admission_ == Admission::kUnknown) {
    const absl::Status admitted =
        context_.gate.admit(peer_.certificate, Call::Within(kAdmitTimeout));
    admission_ = admitted.ok() ? Admission::kGranted : Admission::kRefused;
    if (IsRetryable(admitted)) {  // no fault of its own: it comes again, here or elsewhere
      LogInfo("agent sent away for now", {{"node", peer_.who.node.node.text}, {"error", admitted}});
      End(admitted);
    } else if (!admitted.ok()) {
      context_.metrics->StreamRefused(FleetMetrics::StreamRefusal::kNotAdmitted);
      LogWarning("agent not admitted", {{"node", peer_.who.node.node.text}, {"error", admitted}});
      if (context_.gate.refused) context_.gate.refused(peer_.certificate, peer_.address, admitted);
      End(admitted);
    }
  }
  return admission_ == Admission::kGranted;
}

bool AgentReactor::TakeTurn() {
  const std::shared_ptr<AgentStream> self = shared_from_this();
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    std::optional<AgentMessage> message = PopMessage();
    if (!message) break;
    if (!AdmitOnce()) continue;
    heard_any_ = true;
    context_.listener->OnMessage(self, *std::move(message));
  }
  Pump();  // room in the inbox: reading may go on
  bool over = false;
  {
    const std::scoped_lock lock(mutex_);
    if (!inbox_.empty()) return true;
    over = done_ && !closed_told_;
    scheduled_ = over;
  }
  if (!over) return false;
  closed_told_ = true;
  if (heard_any_) context_.listener->OnClosed(self);
  context_.closed(this);
  return false;
}

}  // namespace innkeeper
