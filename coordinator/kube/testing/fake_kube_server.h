#pragma once
// An API server in memory, as stale and as conflicting as the real one; FakeKubeClient is how one
// process reaches it. It passes the contract test that the real server passes. What it leaves out:
// defaulting and schemas (FakeKubeKind.admit stands for them), namespaces need not exist, built-in
// controllers (CollectGarbage when a test wants it), and see field_owners.h.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "coordinator/kube/kube_client.h"
#include "coordinator/kube/testing/field_owners.h"
#include "coordinator/kube/testing/selector.h"

namespace innkeeper {

struct FakeKubeKind {
  KubeKind kind;
  std::string name;  // "VirtualMachine"
  bool namespaced = true;
  bool status = true;          // has a status subresource
  bool generation = true;      // counts changes of all but metadata and status
  bool unconditional = false;  // updates may come without a resourceVersion, as of Secrets
  bool kept = true;            // not: a review, which `admit` answers and nobody stores
  std::vector<std::string> selectable = {};  // "spec.nodeName": fields beside name and namespace
  // Sees an object before it is stored, and may change or refuse it: webhooks, defaults, schemas.
  std::function<absl::Status(nlohmann::json& object)> admit = nullptr;
};

// Thread-safe.
class FakeKubeServer {
 public:
  FakeKubeServer(const Clock& clock, std::vector<FakeKubeKind> kinds);

  // --- What a test does to it.
  // Changes before now are forgotten: watches and page tokens from there get OUT_OF_RANGE.
  void Compact();
  // How every open watch ends: cut in the middle of an event, by the server's own timeout, or with
  // an ERROR event of code 410.
  enum class WatchEnd { kCut, kTimeout, kExpired };
  void EndWatches(WatchEnd how);
  void SendBookmarks();
  // Until Release, open watches see nothing of what is written, as from a cache that lags.
  void HoldWatches();
  void ReleaseWatches();
  // Off: as servers before 1.32, which refuse a watch with initial events.
  void SetStreamingLists(bool on);
  // Runs once, just before the next write is judged: what another writer did in between.
  void BeforeNextWrite(std::function<void()> other);
  // Deletes whatever has owners of which none is left, as the garbage collector would.
  void CollectGarbage();
  // How many of a kind there are.
  size_t Count(const KubeKind& kind);
  // Open watches, by now.
  size_t Watches();
  // How often all of a kind was read since the start: lists, and watches that begin with them.
  int Lists(const KubeKind& kind);

  // --- What clients ask of it: see KubeClient. The manager names the writer.
  struct Writer {
    std::string manager;
    KubeWrite how;
  };
  absl::StatusOr<std::string> Get(const KubePath& path);
  absl::StatusOr<std::string> Create(const KubePath& path, const std::string& object,
                                     const Writer& writer);
  absl::StatusOr<std::string> Replace(const KubePath& path, const std::string& object,
                                      const Writer& writer);
  absl::StatusOr<std::string> Patch(const KubePath& path, KubePatch form, const std::string& patch,
                                    const Writer& writer);
  absl::StatusOr<std::string> Apply(const KubePath& path, const std::string& object,
                                    const Writer& writer);
  absl::Status Delete(const KubePath& path, const KubePrecondition& only);
  struct Snapshot {
    std::vector<std::string> objects;
    std::string resource_version;
  };
  absl::StatusOr<Snapshot> List(const KubeCollection& which);
  absl::Status Watch(const KubeCollection& which, const KubeWatch& from, const KubeSink& each,
                     const Call& call);

 private:
  using Object = std::shared_ptr<const nlohmann::json>;  // null: not there
  struct Key {
    KubeKind kind;
    std::string ns, name;
    auto operator<=>(const Key&) const = default;
  };
  struct Stored {
    Object object;
    FieldOwners owners;
  };
  struct Event {
    int64_t version = 0;
    bool bookmark = false;
    Key key;
    Object before, after;
  };
  struct Filter {
    KubeCollection which;
    Selector labels, fields;
  };
  struct Change {
    KubeChange change;
    std::string object;
  };

  absl::StatusOr<const FakeKubeKind*> Find(const KubeKind& kind) const;
  absl::StatusOr<Key> KeyOf(const KubePath& path) const;
  Stored* Look(const Key& key);
  void RunRace();
  absl::StatusOr<std::string> Insert(const Key& key, nlohmann::json object, FieldOwners owners,
                                     const KubeWrite& how);
  absl::StatusOr<std::string> Update(const KubePath& path, nlohmann::json wanted,
                                     FieldOwners owners, const Writer& writer);
  void Commit(const Key& key, nlohmann::json object, FieldOwners owners);
  void Drop(const Key& key);
  absl::StatusOr<Filter> FilterOf(const KubeCollection& which) const;
  bool Matches(const Filter& filter, const Key& key, const Object& object) const;
  std::optional<Change> Seen(const Filter& filter, const Event& event) const;
  absl::StatusOr<std::vector<Change>> Begin(const Filter& filter, const KubeWatch& from,
                                            int64_t& after);
  absl::StatusOr<std::vector<Change>> Next(const Filter& filter, int64_t& after, uint64_t ends,
                                           const Call& call);
  std::string Now() const;

  const Clock& clock_;
  std::map<KubeKind, FakeKubeKind> kinds_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, Stored> objects_;
  std::vector<Event> history_;
  std::map<KubeKind, int> lists_;
  std::function<void()> race_;
  int64_t version_ = 1, compacted_ = 0, uids_ = 0;
  std::optional<int64_t> held_at_;
  uint64_t ends_ = 0;  // how often watches were ended
  WatchEnd last_end_ = WatchEnd::kCut;
  bool streaming_ = true;
  size_t watches_ = 0;
};

}  // namespace innkeeper
