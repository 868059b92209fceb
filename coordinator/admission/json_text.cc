#include "coordinator/admission/json_text.h"

#include <algorithm>

namespace innkeeper {
namespace {

bool MustEscape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

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
  for (const char* at = text.begin();;) {
    const char* end = std::find_if(at, text.end(), MustEscape);
    out.append(at, end);
    if (end == text.end()) break;
    AppendEscaped(out, *end);
    at = end + 1;
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
