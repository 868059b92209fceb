#pragma once
// One key of a ConfigSchema: how its value comes in from YAML and from text, and how it is shown.
// Used by config.cc alone.

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <vector>

#include "base/config.h"

namespace innkeeper {

struct ConfigEntry {
  std::string key, help;
  std::string type;  // for the reference: "text", "duration 1s..1h"
  // Both: INVALID_ARGUMENT says what was expected.
  std::function<absl::Status(const YAML::Node&)> from_yaml;
  std::function<absl::Status(const std::string&)> from_text;  // environment, --set
  std::function<std::string()> print;                         // one line; empty when unset
  std::function<YAML::Node()> to_yaml;
  bool required = false;
  bool secret = false;        // not for --set
  bool only_in_file = false;  // from_text always refuses
};

ConfigEntry TextEntry(const std::string& key, std::string* value, const std::string& help);
ConfigEntry BoolEntry(const std::string& key, bool* value, const std::string& help);
ConfigEntry IntegerEntry(const std::string& key, int64_t* value, const std::string& help,
                         IntegerRange range);
ConfigEntry DurationEntry(const std::string& key, Duration* value, const std::string& help,
                          DurationRange range);
ConfigEntry ListEntry(const std::string& key, std::vector<std::string>* value,
                      const std::string& help);
ConfigEntry SecretEntry(const std::string& key, Secret* value, const std::string& help);
ConfigEntry ChoiceEntry(const std::string& key, std::string* value, const std::string& help,
                        const std::vector<std::string>& choices);
ConfigEntry RowsEntry(const std::string& key, std::vector<ConfigSchema::Row>* value,
                      const std::string& help, const std::vector<std::string>& fields);

}  // namespace innkeeper
