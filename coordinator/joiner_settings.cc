#include "coordinator/joiner_settings.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "absl/strings/ascii.h"
#include "base/config_text.h"
#include "base/text.h"

namespace innkeeper {
namespace {

constexpr std::array kKeys{"ipa_host",       "ipa_user",       "domain",   "realm",
                           "ipa_verify_ssl", "finalizer_name", "log_level"};
constexpr char kPassword[] = "ipa_pass";
constexpr char kOsMap[] = "os_map";
constexpr char kPath[] = "config_path";  // where its file was: of no use to anybody else

bool IsKey(const std::string& key) {
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// It takes an empty one for none.
void Take(JoinerSettings& settings, const std::string& key, std::string value, std::string place) {
  if (value.empty()) return;
  if (key == kPassword) {
    settings.password = Secret(std::move(value));
    settings.password_place = std::move(place);
  } else {
    settings.values[key] = {std::move(value), std::move(place)};
  }
}

absl::Status TakeFile(const std::string& file, JoinerSettings& settings) {
  ASSIGN_OR_RETURN(const YAML::Node root, ReadConfigFile(file));
  if (root.IsNull()) return absl::OkStatus();
  if (!root.IsMap())
    return absl::InvalidArgumentError(file +
                                      ":1: not virt-ipa-joiner's config.yaml: a mapping is "
                                      "expected");
  for (const auto& member : root) {
    const std::string place = ConfigPlace(file, member.first.Mark());
    const std::string key = member.first.Scalar();
    if (key == kOsMap) {
      settings.os_map_place = place;
    } else if (key == kPassword || IsKey(key)) {
      if (!member.second.IsScalar() && !member.second.IsNull())
        return absl::InvalidArgumentError(place + ": " + key + ": one value is expected");
      Take(settings, key, member.second.IsNull() ? "" : member.second.Scalar(), place);
    } else {
      settings.unknown.push_back(place + ": " + Printable(key));
    }
  }
  return absl::OkStatus();
}

// Quotes as a shell's file of variables has them.
std::string Unquoted(std::string value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

absl::Status TakeEnvironment(const std::string& path, JoinerSettings& settings) {
  std::ifstream file(path);
  if (!file) return ErrnoStatus(errno, "read " + path);
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    const std::string place = path + ":" + std::to_string(number);
    const std::string text(absl::StripAsciiWhitespace(line));
    WipeString(line);
    if (text.empty() || text.front() == '#') continue;
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return absl::InvalidArgumentError(place + ": NAME=value is expected");
    const std::string name = text.substr(0, equals);
    const std::string key = absl::AsciiStrToLower(name);
    // Case counts in an environment.
    if (name != absl::AsciiStrToUpper(name) || key == kPath) continue;
    if (key == kPassword || IsKey(key))
      Take(settings, key, Unquoted(text.substr(equals + 1)), place);
  }
  return absl::OkStatus();
}

}  // namespace

std::string JoinerSettings::Get(const std::string& key) const {
  const auto at = values.find(key);
  return at == values.end() ? "" : at->second.value;
}

absl::StatusOr<JoinerSettings> ReadJoinerSettings(const std::string& file,
                                                  const std::string& environment) {
  JoinerSettings settings;
  if (!file.empty()) RETURN_IF_ERROR(TakeFile(file, settings));
  if (!environment.empty()) RETURN_IF_ERROR(TakeEnvironment(environment, settings));
  return settings;
}

}  // namespace innkeeper
