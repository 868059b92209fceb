#pragma once
// Keeps a consumer in step with one collection of an API server, for as long as it lives.
//
//      +--> read all (streaming list, or pages) --> follow (watch) --+
//      |         ^  failed: wait, again                |  |  ^       |
//      |         +--------------------------+          |  +--+ cut, or the server's own end:
//      +--- 410: the version is too old ----+----------+       go on from the last version
//
// Nothing is lost: what was deleted while nobody watched is told after the next full read.

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "base/backoff.h"
#include "base/guarded.h"
#include "base/random.h"
#include "coordinator/kube/kube_client.h"
#include "coordinator/kube/object_meta.h"

namespace innkeeper {

// Called by the mirror's thread alone; must not block for long. Objects are as KubeSink gets them.
class MirrorConsumer {
 public:
  virtual ~MirrorConsumer() = default;
  // A full read begins; it may break off and begin again.
  virtual void Begin() = 0;
  // New, changed, or the same again.
  virtual void Upsert(const KubeMeta& meta, std::string_view object) = 0;
  // It is no more (or selected no more), also when another of its name was made since: then its
  // Upsert follows. Of `gone` only ns, name and uid count.
  virtual void Delete(const KubeMeta& gone) = 0;
  // All that there is has been told.
  virtual void Synced() = 0;
};

class Mirror {
 public:
  struct Options {
    std::string name = "mirror";  // of its thread and in its log lines
    // Between attempts; a full read waits too when it follows another soon after.
    Backoff::Limits wait{std::chrono::milliseconds(500), std::chrono::seconds(30)};
    // A full read may take so long; 100,000 VMs take about a minute.
    Duration read_time = std::chrono::minutes(10);
  };
  // Starts at once. All references outlive it.
  Mirror(KubeClient& client, KubeCollection which, MirrorConsumer& consumer, Options options,
         Random& random);
  // Stops; no call to the consumer is under way afterwards.
  ~Mirror() = default;
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  // True once everything was told for the first time.
  bool HasSynced() const { return synced_; }
  // Why the last attempt failed; OK while it follows. For readiness and people.
  absl::Status Trouble() {
    return trouble_.With([](const absl::Status& s) { return s; });
  }
  // Full reads begun.
  int Reads() const { return reads_; }

 private:
  struct Known {
    std::string uid;
    int read = 0;  // the last full read that had it
  };
  void Run(const std::stop_token& stop);
  absl::Status Turn(const std::stop_token& stop);
  absl::Status ReadPages(const Call& call);
  absl::Status Watch(const KubeWatch& from, const Call& call);
  absl::Status Take(KubeChange change, std::string_view object);
  void Upsert(const KubeMeta& meta, std::string_view object);
  void Delete(const std::string& key, const KubeMeta& meta);
  void BeginRead();
  void EndRead(const std::string& version);
  void Judge(const absl::Status& ended, const std::stop_token& stop);

  KubeClient& client_;
  const KubeCollection which_;
  MirrorConsumer& consumer_;
  const Options options_;
  Backoff backoff_;
  // The thread's own.
  std::unordered_map<std::string, Known> known_;  // by "namespace/name"
  std::string version_;                           // followed from here; empty: read all
  bool streaming_ = true;                         // until the server says that it cannot
  bool heard_ = false;                            // something came in this turn
  std::atomic<bool> synced_ = false;
  std::atomic<int> reads_ = 0;
  Guarded<absl::Status> trouble_;
  std::jthread thread_;
};

}  // namespace innkeeper
