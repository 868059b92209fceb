#include "base/http_server/router.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "base/text.h"

namespace innkeeper {
namespace {

constexpr size_t kMostParts = 64;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "{name}:verb" against "web:enroll": the text before the verb, or nothing.
std::optional<std::string> Capture(const std::string& part, const std::string& segment) {
  const std::string verb = part.substr(part.find('}') + 1);
  if (!segment.ends_with(verb) || segment.size() <= verb.size()) return std::nullopt;
  return segment.substr(0, segment.size() - verb.size());
}

bool Matches(const std::vector<std::string>& parts, const std::vector<std::string>& segments,
             std::map<std::string, std::string>& captured) {
  if (parts.size() != segments.size()) return false;
  captured.clear();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].starts_with('{')) {
      if (parts[i] != segments[i]) return false;
      continue;
    }
    const std::optional<std::string> value = Capture(parts[i], segments[i]);
    if (!value) return false;
    captured[parts[i].substr(1, parts[i].find('}') - 1)] = *value;
  }
  return true;
}

}  // namespace

std::optional<std::string> PercentDecode(const std::string& text, bool plus_is_blank) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    decoded += c;
  }
  if (!IsUtf8(decoded)) return std::nullopt;
  return decoded;
}

std::optional<Target> ParseTarget(const std::string& target) {
  if (!target.starts_with('/')) return std::nullopt;
  const size_t mark = target.find('?');
  Target parsed;
  const std::vector<std::string> segments = absl::StrSplit(target.substr(1, mark - 1), '/');
  if (segments.size() > kMostParts) return std::nullopt;
  for (const std::string& segment : segments) {
    std::optional<std::string> decoded = PercentDecode(segment, false);
    if (!decoded) return std::nullopt;
    parsed.path += "/" + *decoded;
    parsed.segments.push_back(*std::move(decoded));
  }
  if (mark == std::string::npos) return parsed;
  const std::vector<std::string> pairs =
      absl::StrSplit(target.substr(mark + 1), '&', absl::SkipEmpty());
  if (pairs.size() > kMostParts) return std::nullopt;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    const auto key = PercentDecode(pair.substr(0, equals), true);
    const auto value =
        PercentDecode(equals == std::string::npos ? "" : pair.substr(equals + 1), true);
    if (!key || !value) return std::nullopt;
    if (!parsed.query.emplace(*key, *value).second) return std::nullopt;
  }
  return parsed;
}

void Router::Add(const std::string& method, const std::string& pattern, HttpHandler handler) {
  routes_.push_back({method, absl::StrSplit(pattern.substr(1), '/'), std::move(handler)});
}

Router::Match Router::Find(const std::string& method,
                           const std::vector<std::string>& segments) const {
  const std::string wanted = method == "HEAD" ? "GET" : method;
  Match match;
  std::map<std::string, std::string> captured;
  for (const Route& route : routes_) {
    if (!Matches(route.parts, segments, captured)) continue;
    if (route.method == wanted) return {&route.handler, std::move(captured), ""};
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  return match;
}

}  // namespace innkeeper
