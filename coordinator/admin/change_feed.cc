#include "coordinator/admin/change_feed.h"

#include <utility>

#include "base/http_server/proto_json.h"
#include "base/thread_name.h"
#include "coordinator/admin/guest_view.h"

namespace innkeeper {
namespace {

constexpr size_t kPendingEvents = 10'000;  // older ones are in the recorder's list all the same
// A comment line often enough that proxies and clients see a living stream.
constexpr Duration kKeepAlive = std::chrono::seconds(15);
constexpr Duration kReadTimeout = std::chrono::seconds(5);

std::string EventLines(const char* event, const google::protobuf::Message& message) {
  return std::string("event: ") + event + "\ndata: " + ToJson(message) + "\n\n";
}

}  // namespace

ChangeFeed::ChangeFeed(Show show) : show_(std::move(show)) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    NameThread("change-feed");
    Run(stop);
  });
}

ChangeFeed::~ChangeFeed() = default;

void ChangeFeed::GuestChanged(const GuestKey& key) {
  {
    std::scoped_lock lock(mutex_);
    pending_.guests.insert(key);
    ++pending_.version;
  }
  changed_.notify_all();
}

void ChangeFeed::EventAdded(const EventRecord& event) {
  {
    std::scoped_lock lock(mutex_);
    if (pending_.events.size() < kPendingEvents) pending_.events.push_back(event);
  }
  changed_.notify_all();
}

void ChangeFeed::Run(const std::stop_token& stop) {
  MonotonicTime next_keep_alive = std::chrono::steady_clock::now() + kKeepAlive;
  while (!stop.stop_requested()) {
    Pending work;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, stop, next_keep_alive,
                          [this] { return !pending_.guests.empty() || !pending_.events.empty(); });
      work = std::exchange(pending_, Pending{{}, {}, pending_.version});
    }
    for (const GuestKey& key : work.guests) TellGuest(key, stop);
    for (const EventRecord& event : work.events) {
      Tell(event.guest, true, EventLines("event", ShowEvent(event)));
    }
    if (std::chrono::steady_clock::now() < next_keep_alive) continue;
    KeepAlive();
    next_keep_alive = std::chrono::steady_clock::now() + kKeepAlive;
  }
}

void ChangeFeed::TellGuest(const GuestKey& key, const std::stop_token& stop) {
  const bool heard = followers_.With([](auto& followers) { return !followers.empty(); });
  if (!heard) return;
  const absl::StatusOr<admin::v1::Guest> guest = show_(key, Call::Within(kReadTimeout, stop));
  if (guest.ok()) return Tell(key, false, EventLines("guest", *guest));
  if (!absl::IsNotFound(guest.status())) return;  // the next change tells it
  admin::v1::Guest gone;
  gone.set_namespace_(key.space);
  gone.set_name(key.name);
  Tell(key, false, EventLines("gone", gone));
}

void ChangeFeed::Tell(const GuestKey& key, bool events, const std::string& lines) {
  followers_.With([&](std::vector<Follower>& followers) {
    std::erase_if(followers, [&](Follower& follower) {
      const bool wanted = follower.events == events && follower.filter.Matches(key);
      return wanted && !follower.stream->Write(lines);
    });
  });
}

void ChangeFeed::KeepAlive() {
  followers_.With([](std::vector<Follower>& followers) {
    std::erase_if(followers, [](Follower& one) { return !one.stream->Write(": still here\n\n"); });
  });
}

void ChangeFeed::FollowGuests(std::shared_ptr<HttpStream> stream, Filter filter) {
  followers_.With([&](auto& all) { all.push_back({std::move(stream), std::move(filter), false}); });
}

void ChangeFeed::FollowEvents(std::shared_ptr<HttpStream> stream, Filter filter) {
  followers_.With([&](auto& all) { all.push_back({std::move(stream), std::move(filter), true}); });
}

std::string ChangeFeed::Lines(const std::vector<admin::v1::Guest>& guests) {
  std::string lines;
  for (const admin::v1::Guest& guest : guests) lines += EventLines("guest", guest);
  return lines;
}

std::string ChangeFeed::Lines(const std::vector<EventRecord>& events) {
  std::string lines;
  for (const EventRecord& event : events) lines += EventLines("event", ShowEvent(event));
  return lines;
}

absl::StatusOr<admin::v1::Guest> ChangeFeed::Await(
    const GuestKey& key, const std::function<bool(const admin::v1::Guest&)>& reached,
    const Call& call) {
  while (true) {
    uint64_t seen = 0;
    {
      std::scoped_lock lock(mutex_);
      seen = pending_.version;
    }
    absl::StatusOr<admin::v1::Guest> guest = show_(key, call);
    if (!guest.ok() || reached(*guest)) return guest;
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, call.stop, call.deadline, [&] { return pending_.version != seen; });
    lock.unlock();
    RETURN_IF_ERROR(call.Check("wait for " + key.Text()));
  }
}

}  // namespace innkeeper
