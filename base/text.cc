#include "base/text.h"

#include <cstdint>

namespace innkeeper {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD

struct Decoded {
  uint32_t point = 0;
  size_t size = 0;  // bytes; 0: not well-formed
};

Decoded DecodeAt(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead >= 0xF0 && lead <= 0xF4  ? 4
                      : lead >= 0xE0 && lead < 0xF0 ? 3
                      : lead >= 0xC2 && lead < 0xE0 ? 2
                                                    : 0;
  if (size == 0 || at + size > text.size()) return {};
  uint32_t point = lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    point = point << 6 | (byte(at + i) & 0x3Fu);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kLeast[size] || point > 0x10FFFF || surrogate) return {};
  return {point, size};
}

bool Misleads(uint32_t point) {
  const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
  const bool bidi = (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
                    point == 0x200E || point == 0x200F || point == 0x061C;
  return control || bidi;
}

}  // namespace

std::string Printable(const std::string& text) {
  std::string clean;
  clean.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Decoded next = DecodeAt(text, at);
    if (next.point == '\n' || next.point == '\t') {
      clean += ' ';
    } else if (next.size == 0 || Misleads(next.point)) {
      clean += kReplacement;
    } else {
      clean.append(text, at, next.size);
    }
    at += next.size == 0 ? 1 : next.size;
  }
  return clean;
}

bool IsUtf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const Decoded next = DecodeAt(text, at);
    if (next.size == 0) return false;
    at += next.size;
  }
  return true;
}

}  // namespace innkeeper
