#include "bench/webhook_load.h"

#include <poll.h>

#include <memory>
#include <optional>

#include "bench/pacing.h"
#include "bench/process.h"
#include "bench/tls_connection.h"

namespace innkeeper {
namespace {

class Generator {
 public:
  Generator(const Load& load, std::vector<std::unique_ptr<TlsConnection>> connections)
      : load_(load),
        connections_(std::move(connections)),
        busy_since_(connections_.size()),
        pacing_(std::chrono::steady_clock::now(), Interval(load), load.requests) {
    for (const auto& one : connections_) polled_.push_back({one->descriptor(), POLLIN, 0});
  }

  absl::StatusOr<std::vector<double>> Run(const Call& call) {
    while (latencies_.size() < load_.requests) {
      RETURN_IF_ERROR(call.Check("load a webhook"));
      RETURN_IF_ERROR(SendWhatIsDue());
      Await();
      for (size_t i = 0; i < polled_.size(); ++i) {
        if (polled_[i].revents != 0) RETURN_IF_ERROR(Receive(i));
      }
    }
    return std::move(latencies_);
  }

 private:
  static Duration Interval(const Load& load) {
    if (load.per_second == 0) return Duration::zero();
    return Duration(static_cast<int64_t>(1e9 / load.per_second));
  }

  absl::Status SendWhatIsDue() {
    for (size_t k = 0; k < busy_since_.size(); ++k) {
      // Each in its turn: a rate that few connections could carry is spread over all of them.
      const size_t i = (next_ + k) % busy_since_.size();
      if (busy_since_[i]) continue;
      const std::optional<MonotonicTime> due = pacing_.Take(std::chrono::steady_clock::now());
      if (!due) break;
      busy_since_[i] = due;
      ++busy_;
      next_ = i + 1;
      RETURN_IF_ERROR(connections_[i]->Send(load_.request));
    }
    return absl::OkStatus();
  }

  // For an answer, or until a request is due that a connection is free for; at most a second.
  void Await() {
    Duration wait = std::chrono::seconds(1);
    if (busy_ < connections_.size()) {
      const auto next = pacing_.Wait(std::chrono::steady_clock::now());
      if (next) wait = std::min(wait, *next);
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec limit{seconds.count(), (wait - seconds).count()};
    ppoll(polled_.data(), polled_.size(), &limit, nullptr);
  }

  absl::Status Receive(size_t i) {
    ASSIGN_OR_RETURN(const auto answer, connections_[i]->Receive());
    if (!answer) return absl::OkStatus();
    if (answer->status != 200 || !busy_since_[i]) {
      return absl::FailedPreconditionError("answered " + std::to_string(answer->status) + ": " +
                                           answer->body);
    }
    latencies_.push_back(Microseconds(std::chrono::steady_clock::now() - *busy_since_[i]));
    busy_since_[i].reset();
    --busy_;
    return absl::OkStatus();
  }

  const Load& load_;
  const std::vector<std::unique_ptr<TlsConnection>> connections_;
  std::vector<std::optional<MonotonicTime>> busy_since_;  // by connection: since when it was due
  std::vector<pollfd> polled_;
  Pacing pacing_;
  std::vector<double> latencies_;
  size_t busy_ = 0, next_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<double>> SendLoad(const TlsContext& context, const Load& load,
                                             const Call& call) {
  std::vector<std::unique_ptr<TlsConnection>> connections;
  for (size_t i = 0; i < load.connections; ++i) {
    ASSIGN_OR_RETURN(auto one, TlsConnection::Open(context, load.port, call));
    connections.push_back(std::move(one));
  }
  return Generator(load, std::move(connections)).Run(call);
}

}  // namespace innkeeper
