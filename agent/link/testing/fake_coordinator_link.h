#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/link/coordinator_link.h"
#include "agent/link/link_outbox.h"
#include "agent/link/link_session.h"

namespace innkeeper {

// A link without a network or threads: the test plays the coordinator and says when there is a
// stream. The queues, numbers and repetitions are the real ones.
class FakeCoordinatorLink final : public CoordinatorLink {
 public:
  explicit FakeCoordinatorLink(LinkOutbox::Limits limits = {}) : outbox_(limits) {}

  absl::Status Start(LinkListener& listener) override {
    if (listener_ != nullptr) return absl::FailedPreconditionError("the link was started before");
    listener_ = &listener;
    return absl::OkStatus();
  }
  void Stop(const Call&) override { Disconnect(); }
  bool connected() const override { return connected_; }
  void Publish(agent::v1::Domain domain) override { outbox_.Publish(std::move(domain)); }
  void Publish(agent::v1::DomainGone gone) override { outbox_.Publish(std::move(gone)); }
  void Publish(agent::v1::HostUnits units) override { outbox_.Publish(std::move(units)); }
  void Publish(agent::v1::OrderProgress progress) override { outbox_.Publish(std::move(progress)); }
  void Publish(agent::v1::OrderResult result) override { outbox_.Publish(std::move(result)); }

  // ---- the coordinator's side
  void Connect() {
    agent::v1::AgentMessage hello;
    hello.mutable_hello()->set_epoch(++epoch_);
    for (const std::string& id : listener_->OpenOrders())
      hello.mutable_hello()->add_open_orders(id);
    for (const std::string& id : outbox_.KeptOrders()) hello.mutable_hello()->add_open_orders(id);
    received_ = {std::move(hello)};
    outbox_.Open();
    agent::v1::CoordinatorMessage welcome;
    welcome.mutable_welcome();
    Deliver(std::move(welcome));
    connected_ = true;
    listener_->OnConnected(true);
  }
  void Disconnect() {
    outbox_.Close();
    if (std::exchange(connected_, false)) listener_->OnConnected(false);
  }
  void Deliver(agent::v1::CoordinatorMessage message) {
    DispatchMessage(std::move(message), /*current=*/true, outbox_, *listener_);
  }
  // Everything that was sent on the present stream so far, Hello first.
  const std::vector<agent::v1::AgentMessage>& Received() {
    while (connected_) {
      if (outbox_.SnapshotDue()) {
        outbox_.BeginSnapshot();
        for (auto& part : outbox_.EndSnapshot(listener_->TakeSnapshot()))
          received_.push_back(std::move(part));
      }
      std::optional<agent::v1::AgentMessage> next = outbox_.Next();
      if (!next) break;
      received_.push_back(*std::move(next));
    }
    return received_;
  }

 private:
  LinkOutbox outbox_;
  LinkListener* listener_ = nullptr;
  bool connected_ = false;
  uint64_t epoch_ = 0;
  std::vector<agent::v1::AgentMessage> received_;
};

}  // namespace innkeeper
