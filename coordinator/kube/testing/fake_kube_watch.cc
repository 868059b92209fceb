// The reading side of FakeKubeServer, and what tests do to it.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "coordinator/kube/testing/fake_kube_server.h"
#include "coordinator/kube/testing/fake_objects.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr size_t kPadding = 64;  // bytes: kube_client.h

absl::Status Expired() { return Refuse(410, "Expired", "too old resource version"); }

absl::Status HandOver(KubeChange change, std::string text, const KubeSink& each) {
  const size_t size = text.size();
  text.append(kPadding, '\0');
  return each(change, std::string_view(text).substr(0, size));
}

std::string Bookmark(int64_t version, bool end_of_list) {
  json object = {{"metadata", {{"resourceVersion", std::to_string(version)}}}};
  if (end_of_list) object["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
  return object.dump();
}

}  // namespace

absl::StatusOr<FakeKubeServer::Filter> FakeKubeServer::FilterOf(const KubeCollection& which) const {
  ASSIGN_OR_RETURN(const FakeKubeKind* kind, Find(which.kind));
  if (!kind->namespaced && !which.ns.empty())
    return Refuse(404, "NotFound", "the kind has no namespaces");
  auto labels = Selector::OfLabels(which.label_selector);
  auto fields = Selector::OfFields(which.field_selector, kind->selectable);
  for (const absl::Status& parsed : {labels.status(), fields.status()}) {
    if (!parsed.ok()) return Refuse(400, "BadRequest", std::string(parsed.message()));
  }
  return Filter{which, *std::move(labels), *std::move(fields)};
}

bool FakeKubeServer::Matches(const Filter& filter, const Key& key, const Object& object) const {
  return object != nullptr && key.kind == filter.which.kind &&
         (filter.which.ns.empty() || key.ns == filter.which.ns) && filter.labels.Matches(*object) &&
         filter.fields.Matches(*object);
}

absl::StatusOr<FakeKubeServer::Snapshot> FakeKubeServer::List(const KubeCollection& which) {
  std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Filter filter, FilterOf(which));
  ++lists_[which.kind];
  Snapshot snapshot{{}, std::to_string(version_)};
  for (const auto& [key, stored] : objects_) {
    if (Matches(filter, key, stored.object)) snapshot.objects.push_back(stored.object->dump());
  }
  return snapshot;
}

// An object that comes to match, or stops to, is added or deleted as far as this watch goes.
std::optional<FakeKubeServer::Change> FakeKubeServer::Seen(const Filter& filter,
                                                           const Event& event) const {
  if (event.bookmark) return Change{KubeChange::kBookmark, Bookmark(event.version, false)};
  const bool was = Matches(filter, event.key, event.before);
  const bool is = Matches(filter, event.key, event.after);
  if (!was && !is) return std::nullopt;
  if (is) return Change{was ? KubeChange::kModified : KubeChange::kAdded, event.after->dump()};
  json last = *event.before;
  last["metadata"]["resourceVersion"] = std::to_string(event.version);
  return Change{KubeChange::kDeleted, last.dump()};
}

absl::StatusOr<std::vector<FakeKubeServer::Change>> FakeKubeServer::Begin(const Filter& filter,
                                                                          const KubeWatch& from,
                                                                          int64_t& after) {
  if (from.initial_events && !streaming_)
    return Refuse(422, "Invalid", "sendInitialEvents: Forbidden: not supported");
  const bool fresh = from.resource_version.empty() || from.resource_version == "0";
  std::vector<Change> changes;
  if (!fresh) {
    after = std::strtoll(from.resource_version.c_str(), nullptr, 10);
    if (after < compacted_) return Expired();
    return changes;
  }
  after = version_;
  ++lists_[filter.which.kind];
  for (const auto& [key, stored] : objects_) {
    if (Matches(filter, key, stored.object))
      changes.push_back({KubeChange::kAdded, stored.object->dump()});
  }
  if (from.initial_events) changes.push_back({KubeChange::kBookmark, Bookmark(version_, true)});
  return changes;
}

absl::StatusOr<std::vector<FakeKubeServer::Change>> FakeKubeServer::Next(const Filter& filter,
                                                                         int64_t& after,
                                                                         uint64_t ends,
                                                                         const Call& call) {
  std::unique_lock lock(mutex_);
  const auto limit = [&] { return held_at_.value_or(version_); };
  changed_.wait_until(lock, call.stop, call.deadline,
                      [&] { return ends_ != ends || limit() > after; });
  RETURN_IF_ERROR(call.Check("watch"));
  std::vector<Change> changes;
  if (ends_ != ends) {
    if (last_end_ == WatchEnd::kCut) return absl::UnavailableError("cut in the middle of an event");
    if (last_end_ == WatchEnd::kExpired) return Expired();
    return changes;  // empty: the end
  }
  if (after < compacted_) return Expired();  // what it has not seen yet is forgotten
  for (const Event& event : history_) {
    if (event.version <= after || event.version > limit()) continue;
    if (auto change = Seen(filter, event)) changes.push_back(*std::move(change));
  }
  after = limit();
  // A turn without news for this filter still is not the end.
  if (changes.empty()) changes.push_back({KubeChange::kBookmark, ""});
  return changes;
}

absl::Status FakeKubeServer::Watch(const KubeCollection& which, const KubeWatch& from,
                                   const KubeSink& each, const Call& call) {
  int64_t after = 0;
  uint64_t ends = 0;
  absl::StatusOr<Filter> filter;
  absl::StatusOr<std::vector<Change>> changes;
  {
    std::scoped_lock lock(mutex_);
    filter = FilterOf(which);
    RETURN_IF_ERROR(filter.status());
    changes = Begin(*filter, from, after);
    RETURN_IF_ERROR(changes.status());
    ends = ends_;
    ++watches_;
  }
  changed_.notify_all();
  absl::Status outcome;
  bool first = true;
  while (changes.ok() && outcome.ok() && (first || !changes->empty())) {
    first = false;
    for (Change& change : *changes) {
      if (change.object.empty()) continue;
      outcome = HandOver(change.change, std::move(change.object), each);
      if (!outcome.ok()) break;
    }
    if (outcome.ok()) changes = Next(*filter, after, ends, call);
  }
  std::scoped_lock lock(mutex_);
  --watches_;
  return outcome.ok() ? changes.status() : outcome;
}

void FakeKubeServer::Compact() {
  std::scoped_lock lock(mutex_);
  compacted_ = version_;
  std::erase_if(history_, [&](const Event& event) { return event.version <= compacted_; });
}

void FakeKubeServer::EndWatches(WatchEnd how) {
  std::scoped_lock lock(mutex_);
  ++ends_;
  last_end_ = how;
  changed_.notify_all();
}

void FakeKubeServer::SendBookmarks() {
  std::scoped_lock lock(mutex_);
  ++version_;
  history_.push_back({version_, true, {}, nullptr, nullptr});
  changed_.notify_all();
}

void FakeKubeServer::HoldWatches() {
  std::scoped_lock lock(mutex_);
  held_at_ = version_;
}

void FakeKubeServer::ReleaseWatches() {
  std::scoped_lock lock(mutex_);
  held_at_.reset();
  changed_.notify_all();
}

void FakeKubeServer::SetStreamingLists(bool on) {
  std::scoped_lock lock(mutex_);
  streaming_ = on;
}

void FakeKubeServer::BeforeNextWrite(std::function<void()> other) {
  std::scoped_lock lock(mutex_);
  race_ = std::move(other);
}

void FakeKubeServer::CollectGarbage() {
  std::vector<KubePath> orphans;
  {
    std::scoped_lock lock(mutex_);
    std::set<std::string> uids;
    for (const auto& [key, stored] : objects_) uids.insert(MetaText(*stored.object, "uid"));
    for (const auto& [key, stored] : objects_) {
      const json& metadata = stored.object->at("metadata");
      if (!metadata.contains("ownerReferences")) continue;
      const json& owners = metadata["ownerReferences"];
      if (std::ranges::none_of(owners, [&](const json& owner) {
            return uids.contains(owner.value("uid", std::string()));
          }))
        orphans.push_back({key.kind, key.ns, key.name});
    }
  }
  for (const KubePath& path : orphans) Delete(path, {}).IgnoreError();
}

size_t FakeKubeServer::Count(const KubeKind& kind) {
  std::scoped_lock lock(mutex_);
  return static_cast<size_t>(
      std::ranges::count_if(objects_, [&](const auto& each) { return each.first.kind == kind; }));
}

size_t FakeKubeServer::Watches() {
  std::scoped_lock lock(mutex_);
  return watches_;
}

int FakeKubeServer::Lists(const KubeKind& kind) {
  std::scoped_lock lock(mutex_);
  return lists_[kind];
}

}  // namespace innkeeper
