#include "bench/streamed_kube.h"

#include <time.h>

#include <utility>

namespace innkeeper {
namespace {

// What a server sends at a time, about; as many bytes come from a TLS connection's buffer.
constexpr size_t kPiece = 64 * 1024;
// Coprime to every number of objects that is measured: changes wander over all of them.
constexpr size_t kStride = 7'919;

Duration ThreadCpu() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// Only what the reader does counts, not the making of the text.
absl::Status Feed(WatchDecoder& decoder, std::string& piece, Duration& cost) {
  const Duration before = ThreadCpu();
  const absl::Status fed = decoder.Feed(piece.data(), piece.size());
  cost += ThreadCpu() - before;
  piece.clear();
  return fed;
}

}  // namespace

absl::StatusOr<Duration> StreamedKube::AwaitSync(const Call& call) { return AwaitDone(1, call); }

absl::StatusOr<Duration> StreamedKube::Change(size_t count, const Call& call) {
  size_t turns = 0;
  {
    const std::scoped_lock lock(mutex_);
    wanted_ = count;
    turns = turns_ + 1;
    news_.notify_all();
  }
  return AwaitDone(turns, call);
}

absl::StatusOr<Duration> StreamedKube::AwaitDone(size_t turns, const Call& call) {
  std::unique_lock lock(mutex_);
  news_.wait_until(lock, call.stop, call.deadline,
                   [&] { return turns_ >= turns || !failed_.ok(); });
  RETURN_IF_ERROR(failed_);
  RETURN_IF_ERROR(turns_ >= turns ? absl::OkStatus() : call.Check("stream a cluster"));
  return cost_;
}

absl::Status StreamedKube::SendAll(WatchDecoder& decoder, Duration& cost) {
  std::string piece;
  for (size_t i = 0; i < objects_; ++i) {
    AppendEvent(kind_, "ADDED", i, version_, piece);
    if (piece.size() >= kPiece) RETURN_IF_ERROR(Feed(decoder, piece, cost));
  }
  piece += InitialEventsEnd(kind_, version_);
  return Feed(decoder, piece, cost);
}

absl::Status StreamedKube::SendChanges(WatchDecoder& decoder, size_t count, Duration& cost) {
  std::string piece;
  for (size_t i = 0; i < count; ++i) {
    // Each object in turn is seen with another version than before.
    const size_t number = (changed_ * kStride) % objects_;
    AppendEvent(kind_, "MODIFIED", number, version_ + 1 + changed_++ / objects_, piece);
    RETURN_IF_ERROR(Feed(decoder, piece, cost));  // events come one by one
  }
  return absl::OkStatus();
}

absl::Status StreamedKube::Watch(const KubeCollection&, const KubeWatch& from, const KubeSink& each,
                                 const Call& call) {
  if (!from.initial_events) return absl::InvalidArgumentError("only from the beginning");
  WatchDecoder decoder(each, 16u << 20);
  Duration cost{};
  absl::Status sent = SendAll(decoder, cost);
  while (true) {
    std::unique_lock lock(mutex_);
    failed_ = sent;
    cost_ = std::exchange(cost, Duration{});
    ++turns_;
    news_.notify_all();
    RETURN_IF_ERROR(sent);
    if (!news_.wait(lock, call.stop, [this] { return wanted_ > 0; })) return call.Check("watch");
    const size_t count = std::exchange(wanted_, 0);
    lock.unlock();
    sent = SendChanges(decoder, count, cost);
  }
}

}  // namespace innkeeper
