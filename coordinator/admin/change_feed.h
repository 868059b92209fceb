#pragma once
// Server-sent events of guests and of what happens to them. Changes come from the store, the
// inventory and the recorder; one thread reads the guest anew and tells every stream that asked for
// it, so that a burst of changes of one guest costs one line.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/http_server/http_server.h"
#include "coordinator/guests/home.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

class ChangeFeed {
 public:
  // What a guest looks like now; NOT_FOUND: it is gone.
  using Show = std::function<absl::StatusOr<admin::v1::Guest>(const GuestKey&, const Call&)>;
  explicit ChangeFeed(Show show);
  ~ChangeFeed();

  // Never block. Any thread.
  void GuestChanged(const GuestKey& key);
  void EventAdded(const EventRecord& event);

  // Streams get what matches: an empty namespace or name matches all.
  struct Filter {
    std::string space, name;
    bool Matches(const GuestKey& key) const {
      return (space.empty() || space == key.space) && (name.empty() || name == key.name);
    }
  };
  // A place is taken before the first look at what is so: what changes between that look and the
  // arrival of the stream (the head is sent in between) waits in it. Letting go of it gives it up.
  struct Place {};
  std::shared_ptr<Place> TakeGuestPlace(Filter filter);
  std::shared_ptr<Place> TakeEventPlace(Filter filter);
  // The stream comes to its place. Events up to `last_seen` were in the first look: not told again.
  void Follow(const std::shared_ptr<Place>& place, std::shared_ptr<HttpStream> stream,
              int64_t last_seen = 0);
  // What is so already, as the lines a stream begins with.
  static std::string Lines(const std::vector<admin::v1::Guest>& guests);
  static std::string Lines(const std::vector<EventRecord>& events);

  // Waits until `reached` is true of the guest as shown. DEADLINE_EXCEEDED, CANCELLED by call.
  absl::StatusOr<admin::v1::Guest> Await(
      const GuestKey& key, const std::function<bool(const admin::v1::Guest&)>& reached,
      const Call& call);

 private:
  enum class Kind { kGuests, kEvents };
  struct News {
    Kind kind = Kind::kGuests;
    GuestKey guest;
    int64_t event = 0;  // its id
    std::string lines;
  };
  struct Follower {
    std::weak_ptr<Place> place;
    Kind kind = Kind::kGuests;
    Filter filter;
    std::shared_ptr<HttpStream> stream;  // null: not there yet
    int64_t last_seen = 0;
    std::map<GuestKey, News> waiting_guests;  // the newest of each
    std::vector<News> waiting_events;
    bool Take(const News& news);  // false: it has gone
  };
  struct Pending {
    std::set<GuestKey> guests;
    std::vector<EventRecord> events;
    uint64_t version = 0;
  };
  void Run(const std::stop_token& stop);
  void TellGuest(const GuestKey& key, const std::stop_token& stop);
  std::shared_ptr<Place> TakePlace(Kind kind, Filter filter);
  void Tell(const News& news);
  void KeepAlive();

  const Show show_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Pending pending_;
  Guarded<std::vector<Follower>> followers_;
  std::jthread thread_;
};

}  // namespace innkeeper
