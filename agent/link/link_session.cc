#include "agent/link/link_session.h"

#include <algorithm>
#include <utility>

#include "base/secret.h"

namespace innkeeper {
namespace {

using agent::v1::CoordinatorMessage;
using agent::v1::Order;

constexpr Duration kLeastHeartbeat = std::chrono::milliseconds(100);
constexpr Duration kMostHeartbeat = std::chrono::minutes(5);
constexpr size_t kEndpointCap = 300;  // a DNS name of 253, a colon and a port

Duration HeartbeatOf(const google::protobuf::Duration& asked) {
  // Seconds are capped before they are turned into nanoseconds.
  const auto seconds = std::clamp<int64_t>(asked.seconds(), 0, 3600);
  const Duration value = std::chrono::seconds(seconds) + std::chrono::nanoseconds(asked.nanos());
  return std::clamp(value, kLeastHeartbeat, kMostHeartbeat);
}

void TakeOrder(Order order, LinkOutbox& outbox, LinkListener& listener) {
  if (order.id().empty()) return;
  if (order.domain_uuid().empty() || order.job_case() == Order::JOB_NOT_SET) {
    agent::v1::OrderResult result;
    result.set_id(order.id());
    result.set_domain_uuid(order.domain_uuid());
    result.set_result_class(agent::v1::RESULT_CLASS_INTERNAL);
    result.set_detail("this agent does not know the order's job");
    outbox.Publish(std::move(result));
    return;
  }
  listener.OnOrder(std::move(order));
}

}  // namespace

LinkEvent DispatchMessage(CoordinatorMessage message, bool current, LinkOutbox& outbox,
                          LinkListener& listener) {
  LinkEvent event;
  switch (message.message_case()) {
    case CoordinatorMessage::kWelcome:
      event.welcome = true;
      event.heartbeat = HeartbeatOf(message.welcome().heartbeat());
      break;
    case CoordinatorMessage::kAck:
      if (current) outbox.Acknowledge(message.ack().sequence());
      break;
    case CoordinatorMessage::kOrder:
      TakeOrder(std::move(*message.mutable_order()), outbox, listener);
      break;
    case CoordinatorMessage::kCancel:
      listener.OnCancel(message.cancel().id());
      break;
    case CoordinatorMessage::kResync:
      if (current) outbox.RequestSnapshot();
      break;
    case CoordinatorMessage::kResultAck:
      outbox.AcknowledgeResult(message.result_ack().id());
      listener.OnResultAck(message.result_ack().id());
      break;
    case CoordinatorMessage::kRedirect:
      if (message.redirect().endpoint().size() <= kEndpointCap)
        event.redirect = message.redirect().endpoint();
      break;
    case CoordinatorMessage::MESSAGE_NOT_SET:
      break;  // a member this version does not know
  }
  return event;
}

}  // namespace innkeeper
