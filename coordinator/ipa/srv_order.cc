#include "coordinator/ipa/srv_order.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace innkeeper {
namespace {

// Takes one record out of [0, group) by the running sum of weights (RFC 2782, "Weight").
size_t Draw(const std::vector<SrvRecord>& group, Random& random) {
  uint64_t sum = 0;
  for (const SrvRecord& record : group) sum += record.weight;
  const uint64_t drawn = random.Below(sum + 1);  // 0..sum
  uint64_t running = 0;
  for (size_t i = 0; i < group.size(); ++i) {
    running += group[i].weight;
    if (running >= drawn) return i;
  }
  return group.size() - 1;
}

}  // namespace

std::vector<SrvRecord> OrderServers(std::vector<SrvRecord> records, Random& random) {
  // Weight 0 first within a priority, as the RFC wants before the draw; the target only makes the
  // draw independent of the order in the reply.
  std::sort(records.begin(), records.end(), [](const SrvRecord& a, const SrvRecord& b) {
    return std::tie(a.priority, a.weight, a.target) < std::tie(b.priority, b.weight, b.target);
  });
  std::vector<SrvRecord> ordered;
  for (auto begin = records.begin(); begin != records.end();) {
    const auto end = std::find_if(
        begin, records.end(), [&](const SrvRecord& r) { return r.priority != begin->priority; });
    std::vector<SrvRecord> group(std::make_move_iterator(begin), std::make_move_iterator(end));
    while (!group.empty()) {
      const size_t chosen = Draw(group, random);
      ordered.push_back(std::move(group[chosen]));
      group.erase(group.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
    begin = end;
  }
  return ordered;
}

}  // namespace innkeeper
