#pragma once

#include <cstdint>
#include <memory>

namespace prometheus {
class Registry;
}

namespace innkeeper {

// Thread-safe.
//   innkeeper_link_connected                 1 while the coordinator answers on a stream
//   innkeeper_link_streams_total             streams opened
//   innkeeper_link_failures_total            streams that broke or could not be opened
//   innkeeper_link_dropped_changes_total     changes that did not fit the queue
//   innkeeper_link_lost_results_total        results given up unacknowledged
//   innkeeper_link_snapshots_total           snapshots sent
class LinkMetrics {
 public:
  explicit LinkMetrics(prometheus::Registry& registry);
  ~LinkMetrics();

  void Connected(bool connected);
  void Opened();
  void Failed();
  // Totals since start.
  void Outbox(uint64_t drops, uint64_t results_lost, uint64_t snapshots);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace innkeeper
