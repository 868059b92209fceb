#include "coordinator/admission/json_text.h"

#include "absl/strings/str_format.h"

namespace innkeeper {

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          absl::StrAppendFormat(&out, "\\u%04x", c);
        } else {
          out += c;
        }
    }
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
