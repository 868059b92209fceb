#include "bench/http_answer.h"

#include <charconv>

#include "absl/strings/match.h"

namespace innkeeper {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n", kLength = "content-length:";

std::optional<size_t> Number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

std::optional<size_t> LengthIn(std::string_view head) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at, kLength.size());
    if (absl::EqualsIgnoreCase({line.data(), line.size()}, {kLength.data(), kLength.size()})) {
      return Number(head.substr(at + kLength.size()));
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<HttpAnswer>> FindAnswer(std::string_view bytes) {
  const size_t end = bytes.find(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view head = bytes.substr(0, end);
  const std::optional<size_t> status = Number(head.substr(0, 13).substr(std::min<size_t>(9, end)));
  const std::optional<size_t> length = LengthIn(head);
  if (!head.starts_with("HTTP/1.1 ") || !status || !length) {
    return absl::InvalidArgumentError("no answer of HTTP/1.1 with a length: " + std::string(head));
  }
  const HttpAnswer answer{static_cast<int>(*status), end + kEnd.size(),
                          end + kEnd.size() + *length};
  if (bytes.size() < answer.size) return std::nullopt;
  return answer;
}

std::string PostOf(const std::string& path, const std::string& json) {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(json.size()) + "\r\n\r\n" + json;
}

std::string GetOf(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
}

}  // namespace innkeeper
