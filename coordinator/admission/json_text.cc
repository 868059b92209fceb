#include "coordinator/admission/json_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace innkeeper {
namespace {

constexpr size_t kPiece = 128;  // bytes of text escaped at a time
constexpr uint64_t kEach = 0x0101010101010101;

inline bool MustEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// How many of eight characters stand for themselves before the first that must be escaped: one
// below a blank, or equal to one of two (the usual tricks with carries:
// https://graphics.stanford.edu/~seander/bithacks.html). A carry can only spoil marks above the
// first.
inline size_t PlainBefore(uint64_t word) {
  static_assert(std::endian::native == std::endian::little);
  const uint64_t quote = word ^ (kEach * '"'), backslash = word ^ (kEach * '\\');
  const uint64_t below = (word - kEach * 0x20) & ~word;
  const uint64_t equal = ((quote - kEach) & ~quote) | ((backslash - kEach) & ~backslash);
  const uint64_t marks = (below | equal) & (kEach * 0x80);
  return marks == 0 ? 8 : static_cast<size_t>(std::countr_zero(marks)) / 8;
}

// Writes at most six bytes.
char* WriteEscaped(char* to, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  *to++ = '\\';
  if (c == '"' || c == '\\') {
    *to++ = c;
  } else if (c == '\n') {
    *to++ = 'n';
  } else {
    for (const char digit : {'u', '0', '0', kDigits[c >> 4], kDigits[c & 15]}) *to++ = digit;
  }
  return to;
}

// `piece` has at most kPiece bytes, `to` room for six times that and eight more.
char* WriteEscaped(char* to, std::string_view piece) {
  while (piece.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, piece.data(), 8);
    std::memcpy(to, &word, 8);
    const size_t plain = PlainBefore(word);
    to += plain;
    if (plain < 8) to = WriteEscaped(to, piece[plain]);
    piece.remove_prefix(std::min<size_t>(plain + 1, 8));
  }
  for (const char c : piece) {
    if (MustEscape(c)) {
      to = WriteEscaped(to, c);
    } else {
      *to++ = c;
    }
  }
  return to;
}

}  // namespace

// Eight bytes at a time and by way of a buffer on the stack: byte by byte, a user's text was a
// fifth of a review's cost, and in runs from one escape to the next a tenth.
void AppendJsonString(std::string& out, std::string_view text) {
  std::array<char, 6 * kPiece + 8> buffer;
  out.reserve(out.size() + text.size() + text.size() / 16 + 2);
  out += '"';
  for (; !text.empty(); text.remove_prefix(std::min(kPiece, text.size()))) {
    out.append(buffer.data(), WriteEscaped(buffer.data(), text.substr(0, kPiece)));
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
  text_.append(empty() ? "[" : ",").append(R"({"op":")").append(name).append(R"(","path":)");
  AppendJsonString(text_, path);
  if (value != nullptr) text_.append(R"(,"value":)").append(*value);
  text_ += '}';
}

}  // namespace innkeeper
