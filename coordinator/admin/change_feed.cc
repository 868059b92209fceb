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
      Tell({Kind::kEvents, event.guest, event.id, EventLines("event", ShowEvent(event))});
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
  if (guest.ok()) return Tell({Kind::kGuests, key, 0, EventLines("guest", *guest)});
  if (!absl::IsNotFound(guest.status())) return;  // the next change tells it
  admin::v1::Guest gone;
  gone.set_namespace_(key.space);
  gone.set_name(key.name);
  Tell({Kind::kGuests, key, 0, EventLines("gone", gone)});
}

bool ChangeFeed::Follower::Take(const News& news) {
  if (news.kind != kind || !filter.Matches(news.guest)) return true;
  if (stream) {
    const bool seen = kind == Kind::kEvents && news.event <= last_seen;
    return seen || stream->Write(news.lines);
  }
  if (place.expired()) return false;
  if (kind == Kind::kGuests) {
    waiting_guests[news.guest] = news;
  } else if (waiting_events.size() < kPendingEvents) {
    waiting_events.push_back(news);
  }
  return true;
}

void ChangeFeed::Tell(const News& news) {
  followers_.With([&](std::vector<Follower>& followers) {
    std::erase_if(followers, [&](Follower& follower) { return !follower.Take(news); });
  });
}

void ChangeFeed::KeepAlive() {
  followers_.With([](std::vector<Follower>& followers) {
    std::erase_if(followers, [](Follower& one) {
      return one.stream ? !one.stream->Write(": still here\n\n") : one.place.expired();
    });
  });
}

std::shared_ptr<ChangeFeed::Place> ChangeFeed::TakePlace(Kind kind, Filter filter) {
  auto place = std::make_shared<Place>();
  Follower follower;
  follower.place = place;
  follower.kind = kind;
  follower.filter = std::move(filter);
  followers_.With([&](auto& all) { all.push_back(std::move(follower)); });
  return place;
}

std::shared_ptr<ChangeFeed::Place> ChangeFeed::TakeGuestPlace(Filter filter) {
  return TakePlace(Kind::kGuests, std::move(filter));
}

std::shared_ptr<ChangeFeed::Place> ChangeFeed::TakeEventPlace(Filter filter) {
  return TakePlace(Kind::kEvents, std::move(filter));
}

void ChangeFeed::Follow(const std::shared_ptr<Place>& place, std::shared_ptr<HttpStream> stream,
                        int64_t last_seen) {
  followers_.With([&](std::vector<Follower>& followers) {
    for (Follower& follower : followers) {
      if (follower.stream || !place || follower.place.lock() != place) continue;
      follower.stream = std::move(stream);
      follower.last_seen = last_seen;
      for (const auto& [key, news] : follower.waiting_guests) follower.Take(news);
      for (const News& news : follower.waiting_events) follower.Take(news);
      follower.waiting_guests.clear();
      follower.waiting_events.clear();
      return;
    }
  });
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
