#pragma once

#include <functional>
#include <string>

namespace innkeeper {

// Server-sent events (WHATWG HTML, "event stream interpretation"), fed in pieces of any size. A
// line over 1 MiB ends the stream.
class EventStreamParser {
 public:
  // Returns false to end the stream. A keep-alive comment (": ...") is not an event.
  using Handle = std::function<bool(const std::string& event, const std::string& data)>;
  explicit EventStreamParser(Handle handle) : handle_(std::move(handle)) {}
  // False once the handler said so, or the stream makes no sense.
  bool Feed(const std::string& bytes);

 private:
  bool Line(const std::string& line);
  const Handle handle_;
  std::string rest_, event_, data_;
};

}  // namespace innkeeper
