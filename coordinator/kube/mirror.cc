#include "coordinator/kube/mirror.h"

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

std::string KeyOf(const KubeMeta& meta) { return meta.ns + "/" + meta.name; }

KubeMeta Gone(const std::string& key, const std::string& uid) {
  const size_t slash = key.find('/');
  return {.ns = key.substr(0, slash), .name = key.substr(slash + 1), .uid = uid};
}

void Sleep(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

// A watch has no deadline of its own: the server ends it, or the stop.
Call Endless(const std::stop_token& stop) { return Call::Within(std::chrono::hours(24), stop); }

}  // namespace

Mirror::Mirror(KubeClient& client, KubeCollection which, MirrorConsumer& consumer, Options options,
               Random& random)
    : client_(client),
      which_(std::move(which)),
      consumer_(consumer),
      options_(std::move(options)),
      backoff_(options_.wait, random),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void Mirror::Run(const std::stop_token& stop) {
  NameThread(options_.name);
  while (!stop.stop_requested()) {
    heard_ = false;
    Judge(Turn(stop), stop);
  }
}

absl::Status Mirror::Turn(const std::stop_token& stop) {
  if (!version_.empty()) return Watch({.resource_version = version_}, Endless(stop));
  BeginRead();
  if (!streaming_) return ReadPages(Call::Within(options_.read_time, stop));
  const absl::Status ended = Watch({.initial_events = true}, Endless(stop));
  if (!absl::IsInvalidArgument(ended) || !version_.empty()) return ended;
  LogInfo("the API server has no streaming lists", {{"mirror", options_.name}});
  streaming_ = false;
  return ReadPages(Call::Within(options_.read_time, stop));
}

absl::Status Mirror::ReadPages(const Call& call) {
  const KubeSink sink = [this](KubeChange change, std::string_view object) {
    return Take(change, object);
  };
  ASSIGN_OR_RETURN(const std::string version, client_.List(which_, sink, call));
  EndRead(version);
  return absl::OkStatus();
}

absl::Status Mirror::Watch(const KubeWatch& from, const Call& call) {
  return client_.Watch(
      which_, from,
      [&](KubeChange change, std::string_view object) -> absl::Status {
        RETURN_IF_ERROR(call.Check("watch"));
        return Take(change, object);
      },
      call);
}

absl::Status Mirror::Take(KubeChange change, std::string_view object) {
  const absl::StatusOr<KubeMeta> meta = ReadMeta(object);
  // From a server this cannot be: whoever stands between has garbled it.
  if (!meta.ok()) return absl::UnavailableError(meta.status().message());
  heard_ = true;
  if (change == KubeChange::kBookmark) {
    if (version_.empty() && !meta->ends_initial_events) return absl::OkStatus();
    if (version_.empty()) EndRead(meta->resource_version);
  } else if (change == KubeChange::kDeleted) {
    Delete(KeyOf(*meta), *meta);
  } else {
    Upsert(*meta, object);
  }
  // While all is being read there is no version to go on from: objects come in any order.
  if (!version_.empty() && !meta->resource_version.empty()) version_ = meta->resource_version;
  return absl::OkStatus();
}

void Mirror::Upsert(const KubeMeta& meta, std::string_view object) {
  Known& known = known_[KeyOf(meta)];
  if (!known.uid.empty() && known.uid != meta.uid) consumer_.Delete(Gone(KeyOf(meta), known.uid));
  known = {meta.uid, reads_};
  consumer_.Upsert(meta, object);
}

void Mirror::Delete(const std::string& key, const KubeMeta& meta) {
  const auto it = known_.find(key);
  if (it == known_.end()) return;
  const KubeMeta gone = Gone(key, it->second.uid.empty() ? meta.uid : it->second.uid);
  known_.erase(it);
  consumer_.Delete(gone);
}

void Mirror::BeginRead() {
  ++reads_;
  consumer_.Begin();
}

void Mirror::EndRead(const std::string& version) {
  std::vector<std::pair<std::string, std::string>> vanished;
  for (const auto& [key, known] : known_) {
    if (known.read != reads_) vanished.emplace_back(key, known.uid);
  }
  for (const auto& [key, uid] : vanished) {
    known_.erase(key);
    consumer_.Delete(Gone(key, uid));
  }
  version_ = version;
  heard_ = synced_ = true;
  consumer_.Synced();
}

void Mirror::Judge(const absl::Status& ended, const std::stop_token& stop) {
  if (stop.stop_requested()) return;
  trouble_.With([&](absl::Status& s) { s = ended; });
  // OUT_OF_RANGE: too old. NOT_FOUND: the kind itself went; what it is when it comes back, only a
  // full read tells.
  const bool reread = absl::IsOutOfRange(ended) || absl::IsNotFound(ended);
  if (reread) version_.clear();
  if (ended.ok() && heard_) {
    backoff_.Reset();
    return;
  }
  if (!ended.ok()) {
    LogInfo("a watch ended", {{"mirror", options_.name}, {"why", ended}, {"again", reread}});
  }
  // What worked until just now is tried again soon, but a full read never follows another at once.
  if (heard_ && !version_.empty()) backoff_.Reset();
  Sleep(backoff_.Next(), stop);
}

}  // namespace innkeeper
