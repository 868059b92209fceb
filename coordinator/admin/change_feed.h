#pragma once
// Server-sent events of guests and of what happens to them. Changes come from the store, the
// inventory and the recorder; one thread reads the guest anew and tells every stream that asked for
// it, so that a burst of changes of one guest costs one line.

#include <condition_variable>
#include <functional>
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
  void FollowGuests(std::shared_ptr<HttpStream> stream, Filter filter);
  void FollowEvents(std::shared_ptr<HttpStream> stream, Filter filter);
  // What is so already, as the lines a stream begins with.
  static std::string Lines(const std::vector<admin::v1::Guest>& guests);
  static std::string Lines(const std::vector<EventRecord>& events);

  // Waits until `reached` is true of the guest as shown. DEADLINE_EXCEEDED, CANCELLED by call.
  absl::StatusOr<admin::v1::Guest> Await(
      const GuestKey& key, const std::function<bool(const admin::v1::Guest&)>& reached,
      const Call& call);

 private:
  struct Follower {
    std::shared_ptr<HttpStream> stream;
    Filter filter;
    bool events = false;
  };
  struct Pending {
    std::set<GuestKey> guests;
    std::vector<EventRecord> events;
    uint64_t version = 0;
  };
  void Run(const std::stop_token& stop);
  void TellGuest(const GuestKey& key, const std::stop_token& stop);
  void Tell(const GuestKey& key, bool events, const std::string& lines);
  void KeepAlive();

  const Show show_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Pending pending_;
  Guarded<std::vector<Follower>> followers_;
  std::jthread thread_;
};

}  // namespace innkeeper
