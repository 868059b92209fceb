#pragma once
// An API server without a network: a KubeClient that hands over a generated cluster as a watch
// does, through the decoder of the real client, and says what that cost the thread that took it.

#include <condition_variable>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "bench/vm_corpus.h"
#include "coordinator/kube/kube_client.h"
#include "coordinator/kube/kube_decode.h"

namespace innkeeper {

// One collection for one mirror: a streaming list of `objects`, then changes when they are asked
// for. Whatever is not a watch is UNIMPLEMENTED.
class StreamedKube final : public KubeClient {
 public:
  StreamedKube(CorpusKind kind, size_t objects) : kind_(kind), objects_(objects) {}

  // CPU time that decoding and all behind it took. Each blocks until it has happened;
  // DEADLINE_EXCEEDED when it has not.
  absl::StatusOr<Duration> AwaitSync(const Call& call);
  // `count` changes of objects here and there.
  absl::StatusOr<Duration> Change(size_t count, const Call& call);

  absl::Status Watch(const KubeCollection& which, const KubeWatch& from, const KubeSink& each,
                     const Call& call) override;

  absl::StatusOr<std::string> Get(const KubePath&, const Call&) override { return No(); }
  absl::StatusOr<std::string> Create(const KubePath&, const std::string&, const KubeWrite&,
                                     const Call&) override {
    return No();
  }
  absl::StatusOr<std::string> Replace(const KubePath&, const std::string&, const KubeWrite&,
                                      const Call&) override {
    return No();
  }
  absl::StatusOr<std::string> Patch(const KubePath&, KubePatch, const std::string&,
                                    const KubeWrite&, const Call&) override {
    return No();
  }
  absl::StatusOr<std::string> Apply(const KubePath&, const std::string&, const KubeWrite&,
                                    const Call&) override {
    return No();
  }
  absl::Status Delete(const KubePath&, const KubePrecondition&, const Call&) override {
    return No();
  }
  absl::StatusOr<std::string> List(const KubeCollection&, const KubeSink&, const Call&) override {
    return No();
  }

 private:
  static absl::Status No() { return absl::UnimplementedError("only watches are measured"); }
  absl::StatusOr<Duration> AwaitDone(size_t turns, const Call& call);
  absl::Status SendAll(WatchDecoder& decoder, Duration& cost);
  absl::Status SendChanges(WatchDecoder& decoder, size_t count, Duration& cost);

  const CorpusKind kind_;
  const size_t objects_;
  size_t version_ = 1, changed_ = 0;  // of the watching thread
  std::mutex mutex_;
  std::condition_variable_any news_;
  size_t wanted_ = 0;  // changes that were asked for and not begun
  size_t turns_ = 0;   // ended: the list, then each Change
  absl::Status failed_;
  Duration cost_{};  // of the last turn
};

}  // namespace innkeeper
