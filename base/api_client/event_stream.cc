#include "base/api_client/event_stream.h"

#include <utility>

namespace innkeeper {
namespace {
constexpr size_t kLineCap = 1 << 20;
}

bool EventStreamParser::Feed(const std::string& bytes) {
  rest_ += bytes;
  size_t start = 0;
  for (size_t end; (end = rest_.find('\n', start)) != std::string::npos; start = end + 1) {
    std::string line = rest_.substr(start, end - start);
    if (line.ends_with('\r')) line.pop_back();
    if (!Line(line)) return false;
  }
  rest_.erase(0, start);
  return rest_.size() <= kLineCap;
}

bool EventStreamParser::Line(const std::string& line) {
  if (line.empty()) {
    if (data_.empty()) return true;
    data_.pop_back();  // the last newline is not part of the data
    return handle_(std::exchange(event_, ""), std::exchange(data_, ""));
  }
  const size_t colon = line.find(':');
  const std::string field = line.substr(0, colon);
  std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.erase(0, 1);
  if (field == "event") event_ = value;
  if (field == "data") data_ += value + '\n';
  return data_.size() <= kLineCap;
}

}  // namespace innkeeper
