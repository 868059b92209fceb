#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"

namespace innkeeper {

// The least inventory that tells a test what the fleet reported: the first node that reports a uid
// holds it, another one is a dispute; jobs as told. Thread-safe.
class FakeReports final : public NodeReports, public Inventory {
 public:
  void NodeConnected(const NodeIdentity& node) override {
    Change([&] { log_.push_back("connected " + node.node.text); });
  }
  void NodeDisconnected(const NodeIdentity& node) override {
    Change([&] { log_.push_back("disconnected " + node.node.text); });
  }
  void Snapshot(const NodeIdentity& node, std::vector<DomainReport> domains) override {
    Change([&] {
      log_.push_back("snapshot " + node.node.text + " " + std::to_string(domains.size()));
      std::set<VmUid> named;
      for (const DomainReport& domain : domains) named.insert(domain.uid);
      for (auto& [uid, vm] : vms_) {
        if (vm.node == node.node && !named.contains(uid)) vm.presence = VmPresence::kMissing;
      }
      for (const DomainReport& domain : domains) Place(node, domain);
    });
  }
  void Changed(const NodeIdentity& node, DomainReport domain) override {
    Change([&] {
      log_.push_back("changed " + domain.name);
      Place(node, domain);
    });
    if (on_change_) on_change_(domain.uid);
  }
  void Gone(const NodeIdentity& node, const VmUid& uid, GoneWhy why) override {
    Change([&] {
      log_.push_back("gone " + uid.text);
      gone_[uid] = why;
      if (const auto found = vms_.find(uid); found != vms_.end() && found->second.node == node.node)
        vms_.erase(found);
    });
  }
  void JobChanged(const NodeIdentity&, const VmUid& uid, const JobView& job) override {
    Change([&] {
      vms_[uid].jobs[job.id] = job;
      if (job.result) ++results_[job.id];
    });
  }
  void JobForgotten(const NodeIdentity&, const VmUid& uid, const std::string& id) override {
    Change([&] {
      log_.push_back("forgotten " + id);
      if (const auto found = vms_.find(uid); found != vms_.end()) found->second.jobs.erase(id);
    });
  }

  std::optional<VmRecord> Find(const VmUid& uid) const override {
    const std::scoped_lock lock(mutex_);
    const auto found = vms_.find(uid);
    return found == vms_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<VmRecord> FindByKey(const GuestKey& key) const override {
    std::vector<VmRecord> found;
    for (VmRecord& vm : List()) {
      if (vm.key == key) found.push_back(std::move(vm));
    }
    return found;
  }
  std::vector<VmRecord> List() const override {
    const std::scoped_lock lock(mutex_);
    std::vector<VmRecord> all;
    for (const auto& [uid, vm] : vms_) all.push_back(vm);
    return all;
  }
  bool Settled() const override { return true; }
  bool AllNodesConnected() const override { return true; }
  // Told of changes, not of snapshots. Before the first report.
  void OnChange(std::function<void(const VmUid&)> told) override { on_change_ = std::move(told); }

  // ---- for tests

  // Waits until it is so; false after `timeout`.
  bool Eventually(const std::function<bool()>& so,
                  std::chrono::nanoseconds timeout = std::chrono::seconds(20)) const {
    const auto until = std::chrono::steady_clock::now() + timeout;
    while (true) {
      const uint64_t seen = changes_;
      if (so()) return true;  // without a lock: it may ask, and do, anything
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, until, [&] { return changes_ != seen; })) return false;
    }
  }
  std::vector<std::string> log() const {
    const std::scoped_lock lock(mutex_);
    return log_;
  }
  size_t Count(const std::string& line) const {
    const std::vector<std::string> lines = log();
    return static_cast<size_t>(std::count(lines.begin(), lines.end(), line));
  }
  std::optional<JobView> Job(const VmUid& uid, const std::string& id) const {
    const std::optional<VmRecord> vm = Find(uid);
    if (!vm || !vm->jobs.contains(id)) return std::nullopt;
    return vm->jobs.at(id);
  }
  std::optional<GoneWhy> WhyGone(const VmUid& uid) const {
    const std::scoped_lock lock(mutex_);
    const auto found = gone_.find(uid);
    return found == gone_.end() ? std::nullopt : std::optional(found->second);
  }
  // How often a result of that order was told.
  int Results(const std::string& id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = results_.find(id);
    return found == results_.end() ? 0 : found->second;
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
  void Place(const NodeIdentity& node, const DomainReport& domain) {
    VmRecord& vm = vms_[domain.uid];
    if (vm.node.text.empty()) vm.node = node.node;
    if (vm.node != node.node) {
      vm.disputed_by.push_back(node.node);
      return;
    }
    vm.uid = domain.uid;
    vm.key = {node.space, domain.name};
    vm.presence = VmPresence::kPresent;
    vm.run = domain.run;
    vm.run_id = domain.run_id;
    vm.claims = domain.claims;
    vm.wish = domain.wish;
  }

  std::function<void(const VmUid&)> on_change_;
  mutable std::mutex mutex_;
  std::atomic<uint64_t> changes_ = 0;
  mutable std::condition_variable changed_;
  std::vector<std::string> log_;
  std::map<VmUid, VmRecord> vms_;
  std::map<VmUid, GoneWhy> gone_;
  std::map<std::string, int> results_;
};

}  // namespace innkeeper
