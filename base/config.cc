#include "base/config.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/config_entry.h"
#include "base/config_text.h"
#include "base/text.h"

namespace innkeeper {
namespace {

// Keys are short; a longer one is not worth a suggestion.
constexpr size_t kSuggestedKeyCap = 128;

// Levenshtein's distance: insertions, deletions and substitutions count one each.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row[b.size()];
}

// Kubernetes puts variables named after every Service of the namespace into each container
// (INNKEEPER_COORDINATOR_SERVICE_HOST, ..._PORT_8443_TCP_ADDR); none of them is meant for us.
bool IsServiceLink(const std::string& name, const std::string& value) {
  return absl::StrContains(name, "_SERVICE_HOST") || absl::StrContains(name, "_SERVICE_PORT") ||
         absl::StrContains(name, "_TCP_") || absl::StrContains(name, "_UDP_") ||
         (absl::StrContains(name, "_PORT") && absl::StrContains(value, "://"));
}

std::vector<std::string> ProcessEnvironment() {
  std::vector<std::string> environment;
  for (char** one = environ; one != nullptr && *one != nullptr; ++one)
    environment.emplace_back(*one);
  return environment;
}

}  // namespace

struct ConfigSchema::State {
  std::string program, prefix;
  std::vector<ConfigEntry> entries;

  const ConfigEntry* Find(const std::string& key) const {
    for (const ConfigEntry& entry : entries) {
      if (entry.key == key) return &entry;
    }
    return nullptr;
  }
  bool IsSection(const std::string& key) const {
    return std::ranges::any_of(
        entries, [&](const ConfigEntry& entry) { return entry.key.starts_with(key + "."); });
  }
  std::string Environment(const std::string& key) const {
    return prefix + "_" + absl::AsciiStrToUpper(absl::StrReplaceAll(key, {{".", "_"}, {"-", "_"}}));
  }
  std::string Unknown(const std::string& key) const {
    if (key.size() > kSuggestedKeyCap) return "unknown key";
    const ConfigEntry* nearest = nullptr;
    size_t least = std::max<size_t>(3, key.size() / 2);
    for (const ConfigEntry& entry : entries) {
      const size_t distance = EditDistance(key, entry.key);
      if (distance < least) {
        least = distance;
        nearest = &entry;
      }
    }
    return "unknown key '" + Printable(key) + "'" +
           (nearest ? " (did you mean '" + nearest->key + "'?)" : "");
  }

  absl::Status Walk(const YAML::Node& node, const std::string& path, const std::string& file);
  absl::Status TakeFile(const std::string& file);
  absl::Status TakeEnvironment(const std::vector<std::string>& environment);
  absl::Status TakeSets(const std::vector<std::string>& sets);
  absl::Status CheckRequired() const;
};

absl::Status ConfigSchema::State::Walk(const YAML::Node& node, const std::string& path,
                                       const std::string& file) {
  for (const auto& member : node) {
    const std::string where = ConfigPlace(file, member.first.Mark());
    const std::string key = path + member.first.Scalar();
    if (const ConfigEntry* entry = Find(key)) {
      RETURN_IF_ERROR(Annotate(entry->from_yaml(member.second), where + ": " + key));
    } else if (!IsSection(key)) {
      return absl::InvalidArgumentError(where + ": " + Unknown(key));
    } else if (member.second.IsMap()) {
      RETURN_IF_ERROR(Walk(member.second, key + ".", file));
    } else if (!member.second.IsNull()) {  // an empty section is fine
      return absl::InvalidArgumentError(where + ": '" + key + "' is a section, not a value");
    }
  }
  return absl::OkStatus();
}

absl::Status ConfigSchema::State::TakeFile(const std::string& file) {
  ASSIGN_OR_RETURN(const YAML::Node root, ReadConfigFile(file));
  if (root.IsNull()) return absl::OkStatus();
  if (!root.IsMap()) return absl::InvalidArgumentError(file + ":1: a mapping is expected");
  return Walk(root, "", file);
}

absl::Status ConfigSchema::State::TakeEnvironment(const std::vector<std::string>& environment) {
  for (const std::string& assignment : environment) {
    const size_t equals = assignment.find('=');
    const std::string name = assignment.substr(0, equals);
    if (equals == std::string::npos || !name.starts_with(prefix + "_")) continue;
    const std::string value = assignment.substr(equals + 1);
    const std::string place = "environment variable " + Printable(name);
    const auto entry = std::ranges::find_if(
        entries, [&](const ConfigEntry& e) { return Environment(e.key) == name; });
    if (entry != entries.end()) {
      RETURN_IF_ERROR(Annotate(entry->from_text(value), place));
    } else if (!IsServiceLink(name, value)) {
      return absl::InvalidArgumentError(place + " names no key");
    }
  }
  return absl::OkStatus();
}

absl::Status ConfigSchema::State::TakeSets(const std::vector<std::string>& sets) {
  for (const std::string& set : sets) {
    const size_t equals = set.find('=');
    const std::string key = set.substr(0, equals);
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError("--set " + Printable(key) + ": key=value is expected");
    }
    const ConfigEntry* entry = Find(key);
    if (entry == nullptr) return absl::InvalidArgumentError("--set: " + Unknown(key));
    if (entry->secret) {
      return absl::InvalidArgumentError("--set " + key +
                                        ": every process can read arguments; use the file or " +
                                        Environment(key));
    }
    RETURN_IF_ERROR(Annotate(entry->from_text(set.substr(equals + 1)), "--set " + key));
  }
  return absl::OkStatus();
}

absl::Status ConfigSchema::State::CheckRequired() const {
  for (const ConfigEntry& entry : entries) {
    if (entry.required && entry.print().empty()) {
      return absl::InvalidArgumentError("'" + entry.key + "' must be set (" + entry.help +
                                        "): in the file, as " + Environment(entry.key) +
                                        ", or with --set " + entry.key + "=...");
    }
  }
  return absl::OkStatus();
}

ConfigSchema::ConfigSchema(std::string program, std::string environment_prefix)
    : state_(std::make_unique<State>()) {
  state_->program = std::move(program);
  state_->prefix = std::move(environment_prefix);
}

ConfigSchema::~ConfigSchema() = default;

void ConfigSchema::Add(const std::string& key, std::string* value, const std::string& help,
                       Presence presence) {
  state_->entries.push_back(TextEntry(key, value, help));
  state_->entries.back().required = presence == Presence::kRequired;
}
void ConfigSchema::Add(const std::string& key, bool* value, const std::string& help) {
  state_->entries.push_back(BoolEntry(key, value, help));
}
void ConfigSchema::Add(const std::string& key, int64_t* value, const std::string& help,
                       IntegerRange range) {
  state_->entries.push_back(IntegerEntry(key, value, help, range));
}
void ConfigSchema::Add(const std::string& key, Duration* value, const std::string& help,
                       DurationRange range) {
  state_->entries.push_back(DurationEntry(key, value, help, range));
}
void ConfigSchema::Add(const std::string& key, std::vector<std::string>* value,
                       const std::string& help) {
  state_->entries.push_back(ListEntry(key, value, help));
}
void ConfigSchema::Add(const std::string& key, Secret* value, const std::string& help) {
  state_->entries.push_back(SecretEntry(key, value, help));
}
void ConfigSchema::AddChoice(const std::string& key, std::string* value, const std::string& help,
                             const std::vector<std::string>& choices) {
  state_->entries.push_back(ChoiceEntry(key, value, help, choices));
}
void ConfigSchema::AddRows(const std::string& key, std::vector<Row>* value, const std::string& help,
                           const std::vector<std::string>& fields) {
  state_->entries.push_back(RowsEntry(key, value, help, fields));
}

absl::Status ConfigSchema::Load(const Sources& sources) {
  if (!sources.file.empty()) RETURN_IF_ERROR(state_->TakeFile(sources.file));
  RETURN_IF_ERROR(state_->TakeEnvironment(sources.environment.empty() ? ProcessEnvironment()
                                                                      : sources.environment));
  RETURN_IF_ERROR(state_->TakeSets(sources.sets));
  return state_->CheckRequired();
}

std::string ConfigSchema::Print() const {
  YAML::Node root(YAML::NodeType::Map);
  for (const ConfigEntry& entry : state_->entries) {
    YAML::Node at = root;
    const std::vector<std::string> path = absl::StrSplit(entry.key, '.');
    for (size_t i = 0; i + 1 < path.size(); ++i) at.reset(at[path[i]]);
    at[path.back()] = entry.to_yaml();
  }
  YAML::Emitter out;
  out << root;
  return std::string(out.c_str()) + "\n";
}

std::string ConfigSchema::Reference() const {
  std::string rows =
      "| key | environment variable | type | default | meaning |\n"
      "|---|---|---|---|---|\n";
  for (const ConfigEntry& entry : state_->entries) {
    const std::string value = entry.print();
    rows += "| `" + entry.key + "` | " +
            (entry.only_in_file ? "-" : "`" + state_->Environment(entry.key) + "`") + " | " +
            entry.type + " | " + (value.empty() ? "" : "`" + value + "`") + " | " + entry.help +
            (entry.required ? " Required." : "") + " |\n";
  }
  return rows;
}

}  // namespace innkeeper
