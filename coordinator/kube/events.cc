#include "coordinator/kube/events.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

using nlohmann::json;

const KubeKind kEvents{"", "v1", "events"};
constexpr size_t kMessageCap = 1'000;  // bytes; the server refuses more than 1,024
constexpr size_t kNameCap = 200;       // bytes of the object's name in the event's, of 253

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string NamespaceOf(const KubeEvent& event) { return event.ns.empty() ? "default" : event.ns; }

}  // namespace

KubeEvents::KubeEvents(KubeClient& client, const Clock& clock, Options options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      queue_(options_.queue),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void KubeEvents::Record(KubeEvent event) {
  event.message = Printable(event.message.substr(0, kMessageCap));
  // Replacing bytes may have made it longer.
  while (event.message.size() > kMessageCap || !IsUtf8(event.message)) event.message.pop_back();
  queue_.Push(std::move(event));
}

void KubeEvents::Run(const std::stop_token& stop) {
  NameThread("kube-events");
  while (const std::optional<KubeEvent> event = queue_.Pop(stop)) {
    if (!MayTell(event->uid)) {
      ++limited_;
      continue;
    }
    const absl::Status written = Write(*event, Call::Within(options_.timeout, stop));
    if (written.ok()) {
      ++written_;
    } else {
      ++refused_;
      LogDebug("an event was not written", {{"reason", event->reason}, {"error", written}});
    }
    Forget();
  }
}

// A bucket of tokens per object.
bool KubeEvents::MayTell(const std::string& uid) {
  const MonotonicTime now = clock_.Monotonic();
  const auto [it, is_new] = buckets_.try_emplace(uid, Bucket{options_.burst, now});
  Bucket& bucket = it->second;
  const double refilled = std::chrono::duration<double>(now - bucket.at) /
                          std::chrono::duration<double>(options_.refill);
  bucket = {std::min(options_.burst, bucket.tokens + refilled), now};
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

absl::Status KubeEvents::Write(const KubeEvent& event, const Call& call) {
  const Key key{event.uid, event.reason, event.message};
  const auto it = told_.find(key);
  if (it == told_.end()) return Tell(event, key, call);
  it->second.used = ++uses_;
  const absl::Status repeated = Repeat(event, it->second, call);
  if (!absl::IsNotFound(repeated)) return repeated;
  told_.erase(it);  // the server forgets events after an hour
  return Tell(event, key, call);
}

absl::Status KubeEvents::Repeat(const KubeEvent& event, Told& told, const Call& call) {
  const json patch = {{"count", told.count + 1}, {"lastTimestamp", TimeText(clock_.Now())}};
  RETURN_IF_ERROR(client_
                      .Patch({kEvents, NamespaceOf(event), told.name}, KubePatch::kMerge,
                             patch.dump(), {}, call)
                      .status());
  ++told.count;
  return absl::OkStatus();
}

absl::Status KubeEvents::Tell(const KubeEvent& event, const Key& key, const Call& call) {
  const Told told{event.name.substr(0, kNameCap) + "." + RandomHex(8), 1, clock_.Now(), ++uses_};
  const std::string ns = NamespaceOf(event), now = TimeText(told.first);
  const json object = {{"apiVersion", "v1"},
                       {"kind", "Event"},
                       {"metadata", {{"name", told.name}, {"namespace", ns}}},
                       {"involvedObject",
                        {{"apiVersion", event.api_version},
                         {"kind", event.kind},
                         {"namespace", event.ns},
                         {"name", event.name},
                         {"uid", event.uid}}},
                       {"reason", event.reason},
                       {"message", event.message},
                       {"type", event.warning ? "Warning" : "Normal"},
                       {"source", {{"component", options_.component}}},
                       {"reportingComponent", options_.component},
                       {"reportingInstance", options_.instance},
                       {"firstTimestamp", now},
                       {"lastTimestamp", now},
                       {"count", 1}};
  RETURN_IF_ERROR(client_
                      .Create({kEvents, ns, told.name},
                              object.dump(-1, ' ', false, json::error_handler_t::replace), {}, call)
                      .status());
  told_[key] = told;
  return absl::OkStatus();
}

// Both memories stay within their bound: the oldest half goes.
void KubeEvents::Forget() {
  if (told_.size() > options_.remembered) {
    const uint64_t oldest = uses_ - options_.remembered / 2;
    std::erase_if(told_, [&](const auto& each) { return each.second.used < oldest; });
  }
  if (buckets_.size() > options_.remembered) {
    // A bucket that is full again says no more than none.
    const MonotonicTime now = clock_.Monotonic();
    std::erase_if(buckets_, [&](const auto& each) {
      const double refilled = std::chrono::duration<double>(now - each.second.at) /
                              std::chrono::duration<double>(options_.refill);
      return each.second.tokens + refilled >= options_.burst - 1;
    });
    if (buckets_.size() > options_.remembered) buckets_.clear();
  }
}

}  // namespace innkeeper
