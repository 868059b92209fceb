#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "agent/link/coordinator_link.h"
#include "base/bounded_queue.h"

namespace innkeeper {

// A coordinator that listens: what the node publishes comes out of queues, orders are put in by
// hand.
class FakeLink final : public CoordinatorLink {
 public:
  absl::Status Start(LinkListener& listener) override {
    listener_ = &listener;
    return absl::OkStatus();
  }
  void Stop(const Call&) override {}
  bool connected() const override { return listener_ != nullptr; }
  void Publish(agent::v1::Domain domain) override { domains.Push(std::move(domain)); }
  void Publish(agent::v1::DomainGone gone) override { gones.Push(std::move(gone)); }
  void Publish(agent::v1::HostUnits message) override { units.Push(std::move(message)); }
  void Publish(agent::v1::OrderProgress message) override { progress.Push(std::move(message)); }
  void Publish(agent::v1::OrderResult result) override { results.Push(std::move(result)); }

  LinkListener& node() { return *listener_; }

  // The next published domain that `fits`, waiting up to 20 s.
  std::optional<agent::v1::Domain> AwaitDomain(
      const std::function<bool(const agent::v1::Domain&)>& fits) {
    const MonotonicTime deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (auto domain = domains.PopUntil(deadline, {})) {
      if (fits(*domain)) return domain;
    }
    return std::nullopt;
  }
  template <class Message>
  static std::optional<Message> Await(BoundedQueue<Message>& queue) {
    return queue.PopUntil(std::chrono::steady_clock::now() + std::chrono::seconds(20), {});
  }

  BoundedQueue<agent::v1::Domain> domains{10'000};
  BoundedQueue<agent::v1::DomainGone> gones{10'000};
  BoundedQueue<agent::v1::HostUnits> units{10'000};
  BoundedQueue<agent::v1::OrderProgress> progress{10'000};
  BoundedQueue<agent::v1::OrderResult> results{10'000};

 private:
  LinkListener* listener_ = nullptr;
};

}  // namespace innkeeper
