#pragma once
// A consumer that keeps what it is told, and holds the mirror to its promises.

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "coordinator/kube/mirror.h"

namespace innkeeper {

class MirroredCache final : public MirrorConsumer {
 public:
  using Objects = std::map<std::string, std::string>;  // "namespace/name" -> uid and version

  void Begin() override {
    Change([&] { ++begins_; });
  }
  void Upsert(const KubeMeta& meta, std::string_view) override {
    Change([&] {
      std::string& uid = uids_[meta.ns + "/" + meta.name];
      EXPECT_TRUE(uid.empty() || uid == meta.uid) << "its predecessor was not deleted";
      uid = meta.uid;
      objects_[meta.ns + "/" + meta.name] = meta.uid + " " + meta.resource_version;
    });
  }
  void Delete(const KubeMeta& gone) override {
    Change([&] {
      EXPECT_EQ(uids_[gone.ns + "/" + gone.name], gone.uid);
      uids_.erase(gone.ns + "/" + gone.name);
      objects_.erase(gone.ns + "/" + gone.name);
      ++deletes_;
    });
  }
  void Synced() override {
    Change([&] { ++syncs_; });
  }

  // Waits until the cache is that; false after 30 s.
  bool Becomes(const Objects& expected) {
    return Await([&] { return objects_ == expected; });
  }
  bool AwaitSyncs(int count) {
    return Await([&] { return syncs_ >= count; });
  }
  Objects objects() {
    std::scoped_lock lock(mutex_);
    return objects_;
  }
  int begins() {
    std::scoped_lock lock(mutex_);
    return begins_;
  }
  int deletes() {
    std::scoped_lock lock(mutex_);
    return deletes_;
  }

  // What a fresh LIST says.
  static Objects Listed(KubeClient& client, const KubeCollection& which) {
    Objects objects;
    const auto version = client.List(
        which,
        [&](KubeChange, std::string_view object) {
          const KubeMeta meta = ReadMeta(object).value();
          objects[meta.ns + "/" + meta.name] = meta.uid + " " + meta.resource_version;
          return absl::OkStatus();
        },
        Call::Within(std::chrono::seconds(60)));
    EXPECT_TRUE(version.ok()) << version.status();
    return objects;
  }

 private:
  template <class F>
  void Change(F&& change) {
    {
      std::scoped_lock lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  template <class F>
  bool Await(F&& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Objects objects_;
  std::map<std::string, std::string> uids_;
  int begins_ = 0, syncs_ = 0, deletes_ = 0;
};

}  // namespace innkeeper
