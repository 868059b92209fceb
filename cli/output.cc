#include "cli/output.h"

#include <google/protobuf/util/json_util.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace innkeeper {
namespace {

using nlohmann::ordered_json;

void Emit(YAML::Emitter& out, const ordered_json& value) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, member] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      Emit(out, member);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const ordered_json& member : value) Emit(out, member);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    // Quoted: "yes", "1e3" and the like are text here, and must stay text for every YAML reader.
    out << YAML::DoubleQuoted << value.get<std::string>();
  } else if (value.is_boolean()) {
    out << value.get<bool>();
  } else {
    out << value.dump();
  }
}

}  // namespace

std::string MachineText(const google::protobuf::Message& message, OutputFormat format) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = format == OutputFormat::kJson;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return "";
  if (format == OutputFormat::kJson) return text;
  YAML::Emitter out;
  Emit(out, ordered_json::parse(text));
  return std::string(out.c_str()) + "\n";
}

std::string ShortDuration(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 2 * 86400) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86400) + "d";
}

std::string Age(absl::Time since) {
  if (since <= absl::UnixEpoch()) return "-";
  return ShortDuration(std::max(absl::Now() - since, absl::ZeroDuration()));
}

bool StdoutIsTerminal() { return isatty(STDOUT_FILENO) == 1; }
bool StderrIsTerminal() { return isatty(STDERR_FILENO) == 1; }

std::string Toned(const std::string& text, Tone tone) {
  const char* no_color = std::getenv("NO_COLOR");
  if (!StdoutIsTerminal() || (no_color != nullptr && *no_color != '\0')) return text;
  const char* code = tone == Tone::kGood ? "32" : tone == Tone::kBad ? "31" : "2";
  return std::string("\x1b[") + code + "m" + text + "\x1b[0m";
}

}  // namespace innkeeper
