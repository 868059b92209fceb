#pragma once
// What an API server sends in lists and watches, cut into objects without building a tree of them.
// The bytes come from the server, but whatever stands between may have changed them: nothing is
// assumed of them.

#include <memory>
#include <string>

#include "coordinator/kube/kube_client.h"

namespace innkeeper {

// One page of a list.
struct KubePage {
  std::string resource_version;
  std::string next;  // the token of the page after it; empty: the last
};

// Hands every item over. UNAVAILABLE: the text is no list (it was cut, or is not the server's).
// `body` may get room behind its end, no more.
absl::StatusOr<KubePage> DecodePage(std::string& body, const KubeSink& each);

// The lines of a watch, fed in pieces of any size. Not thread-safe.
class WatchDecoder {
 public:
  // A longer event is RESOURCE_EXHAUSTED. `each` outlives it.
  WatchDecoder(const KubeSink& each, size_t event_cap);
  ~WatchDecoder();

  // Hands over the events that are complete now. An error ends the stream: that of the sink, of the
  // server (OUT_OF_RANGE: the version is too old), or UNAVAILABLE for what is no event.
  absl::Status Feed(const char* bytes, size_t size);
  // UNAVAILABLE when the stream ended within an event.
  absl::Status End() const;

 private:
  struct Parser;
  absl::Status TakeLine(size_t start, size_t end);

  const KubeSink& each_;
  const size_t event_cap_;  // bytes
  std::string buffer_;
  size_t searched_ = 0;  // no line ends before it
  const std::unique_ptr<Parser> parser_;
};

}  // namespace innkeeper
