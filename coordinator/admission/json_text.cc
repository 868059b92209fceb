#include "coordinator/admission/json_text.h"

#include <cstdint>
#include <cstring>

namespace innkeeper {
namespace {

inline bool MustEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// Whether one of eight characters must be: below a blank, or equal to one of two (the usual tricks
// with carries: https://graphics.stanford.edu/~seander/bithacks.html).
inline bool OneMustEscape(const char* eight) {
  constexpr uint64_t kEach = 0x0101010101010101;
  uint64_t word = 0;
  std::memcpy(&word, eight, sizeof word);
  const uint64_t quote = word ^ (kEach * '"'), backslash = word ^ (kEach * '\\');
  const uint64_t below = (word - kEach * 0x20) & ~word;
  const uint64_t equal = ((quote - kEach) & ~quote) | ((backslash - kEach) & ~backslash);
  return ((below | equal) & (kEach * 0x80)) != 0;
}

const char* FirstToEscape(const char* at, const char* end) {
  while (end - at >= 8 && !OneMustEscape(at)) at += 8;
  while (at != end && !MustEscape(*at)) ++at;
  return at;
}

void AppendEscaped(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out.append({'\\', c});
  } else if (c == '\n') {
    out += "\\n";
  } else {
    out.append("\\u00").append({kDigits[c >> 4], kDigits[c & 15]});
  }
}

}  // namespace

// In runs of what stands for itself: byte by byte, a user's text was a fifth of a review's cost.
void AppendJsonString(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + text.size() / 16 + 2);
  out += '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    const char* const run = at;
    at = FirstToEscape(at, end);
    out.append(run, at);
    if (at == end) break;
    AppendEscaped(out, *at++);
  }
  out += '"';
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

void JsonPatchText::Operation(std::string_view name, std::string_view path,
                              const std::string_view* value) {
  if (!operations_.empty()) operations_ += ',';
  operations_.append(R"({"op":")").append(name).append(R"(","path":)");
  AppendJsonString(operations_, path);
  if (value != nullptr) operations_.append(R"(,"value":)").append(*value);
  operations_ += '}';
}

}  // namespace innkeeper
