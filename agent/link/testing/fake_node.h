#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/link/coordinator_link.h"

namespace innkeeper {

// The agent above a link, as a test needs it: a table of domains, orders that were received, and
// what the link told. Publishing goes through the table first, as in the real agent. Thread-safe.
class FakeNode final : public LinkListener {
 public:
  agent::v1::Snapshot TakeSnapshot() override {
    agent::v1::Snapshot snapshot;
    Change([&] {
      ++snapshots_;
      for (const auto& [uuid, domain] : domains_) *snapshot.add_domains() = domain;
    });
    return snapshot;
  }
  std::vector<std::string> OpenOrders() override {
    const std::scoped_lock lock(mutex_);
    return {open_.begin(), open_.end()};
  }
  void OnOrder(agent::v1::Order order) override {
    std::function<void(const agent::v1::Order&)> react;
    Change([&] {
      received_.push_back(order.id());
      if (!done_.contains(order.id())) open_.insert(order.id());
      last_order_ = order;
      react = react_;
    });
    if (react) react(order);
  }
  void OnCancel(const std::string& id) override {
    Change([&] { cancelled_.push_back(id); });
  }
  void OnResultAck(const std::string& id) override {
    Change([&] {
      acknowledged_.insert(id);
      open_.erase(id);
    });
  }
  void OnConnected(bool connected) override {
    Change([&] {
      connected_ = connected;
      ++(connected ? connects_ : disconnects_);
    });
  }

  // ---- for tests
  void Put(CoordinatorLink& link, const agent::v1::Domain& domain) {
    Change([&] { domains_[domain.uuid()] = domain; });
    link.Publish(domain);
  }
  void Remove(CoordinatorLink& link, const std::string& uuid, agent::v1::DomainGone::Why why) {
    Change([&] { domains_.erase(uuid); });
    agent::v1::DomainGone gone;
    gone.set_uuid(uuid);
    gone.set_why(why);
    link.Publish(gone);
  }
  // What an order starts; called on the link's thread.
  void React(std::function<void(const agent::v1::Order&)> react) {
    Change([&] { react_ = std::move(react); });
  }
  void Finish(CoordinatorLink& link, const std::string& id, const std::string& uuid) {
    Change([&] {
      open_.erase(id);
      done_.insert(id);
    });
    agent::v1::OrderResult result;
    result.set_id(id);
    result.set_domain_uuid(uuid);
    result.set_result_class(agent::v1::RESULT_CLASS_OK);
    link.Publish(result);
  }
  bool Eventually(const std::function<bool()>& so,
                  std::chrono::nanoseconds timeout = std::chrono::seconds(20)) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    while (true) {
      const uint64_t seen = changes_;
      if (so()) return true;  // without a lock: it may ask, and do, anything
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, until, [&] { return changes_ != seen; })) return false;
    }
  }
  template <class F>
  auto Read(F&& read) {
    const std::scoped_lock lock(mutex_);
    return read(*this);
  }
  bool connected() {
    return Read([](auto& n) { return n.connected_; });
  }
  int connects() {
    return Read([](auto& n) { return n.connects_; });
  }
  int disconnects() {
    return Read([](auto& n) { return n.disconnects_; });
  }
  int snapshots() {
    return Read([](auto& n) { return n.snapshots_; });
  }
  size_t Received(const std::string& id) {
    return Read([&](auto& n) {
      return static_cast<size_t>(std::count(n.received_.begin(), n.received_.end(), id));
    });
  }
  bool Acknowledged(const std::string& id) {
    return Read([&](auto& n) { return n.acknowledged_.contains(id); });
  }
  bool Cancelled(const std::string& id) {
    return Read(
        [&](auto& n) { return std::count(n.cancelled_.begin(), n.cancelled_.end(), id) > 0; });
  }
  agent::v1::Order last_order() {
    return Read([](auto& n) { return n.last_order_; });
  }

 private:
  template <class F>
  void Change(F&& change) {
    {
      const std::scoped_lock lock(mutex_);
      change();
      ++changes_;
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::atomic<uint64_t> changes_ = 0;
  std::condition_variable changed_;
  std::map<std::string, agent::v1::Domain> domains_;
  std::set<std::string> open_, done_, acknowledged_;
  std::vector<std::string> received_, cancelled_;
  agent::v1::Order last_order_;
  std::function<void(const agent::v1::Order&)> react_;
  bool connected_ = false;
  int connects_ = 0, disconnects_ = 0, snapshots_ = 0;
};

}  // namespace innkeeper
