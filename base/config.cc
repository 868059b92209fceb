#include "base/config.h"

#include <yaml-cpp/yaml.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/config_entry.h"

extern char** environ;

namespace innkeeper {
namespace {

constexpr size_t kFileCap = 1 << 20;  // bytes
constexpr int kDepthCap = 16;
constexpr size_t kNodeCap = 50'000;   // a bomb of aliases unfolds to more

std::string Place(const std::string& file, const YAML::Mark& mark) {
  return file + ":" + std::to_string(mark.line + 1);
}

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

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return ErrnoStatus(errno, path);
  if (static_cast<size_t>(facts.st_size) > kFileCap) {
    return absl::InvalidArgumentError(path + ": larger than 1 MiB");
  }
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return absl::InvalidArgumentError(path + ": cannot be read");
  return text.str();
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
    const ConfigEntry* nearest = nullptr;
    size_t least = std::max<size_t>(3, key.size() / 2);
    for (const ConfigEntry& entry : entries) {
      const size_t distance = EditDistance(key, entry.key);
      if (distance < least) {
        least = distance;
        nearest = &entry;
      }
    }
    return "unknown key '" + key + "'" +
           (nearest ? " (did you mean '" + nearest->key + "'?)" : "");
  }

  absl::Status Walk(const YAML::Node& node, const std::string& path, const std::string& file,
                    int depth, size_t& nodes);
  absl::Status TakeFile(const std::string& file);
  absl::Status TakeEnvironment(const std::vector<std::string>& environment);
  absl::Status TakeSets(const std::vector<std::string>& sets);
  absl::Status CheckRequired() const;
};

absl::Status ConfigSchema::State::Walk(const YAML::Node& node, const std::string& path,
                                       const std::string& file, int depth, size_t& nodes) {
  if (depth > kDepthCap) {
    return absl::InvalidArgumentError(Place(file, node.Mark()) + ": nested too deep");
  }
  std::vector<std::string> seen;
  for (const auto& member : node) {
    if (++nodes > kNodeCap) return absl::InvalidArgumentError(file + ": too many values");
    const std::string where = Place(file, member.first.Mark());
    if (!member.first.IsScalar()) return absl::InvalidArgumentError(where + ": a key must be text");
    const std::string name = member.first.Scalar();
    const std::string key = path.empty() ? name : path + "." + name;
    if (std::ranges::find(seen, name) != seen.end()) {
      return absl::InvalidArgumentError(where + ": '" + key + "' stands here twice");
    }
    seen.push_back(name);
    if (const ConfigEntry* entry = Find(key)) {
      RETURN_IF_ERROR(Annotate(entry->from_yaml(member.second, nodes), where + ": " + key));
    } else if (!IsSection(key)) {
      return absl::InvalidArgumentError(where + ": " + Unknown(key));
    } else if (member.second.IsNull()) {
      continue;  // an empty section
    } else if (!member.second.IsMap()) {
      return absl::InvalidArgumentError(where + ": '" + key + "' is a section, not a value");
    } else {
      RETURN_IF_ERROR(Walk(member.second, key, file, depth + 1, nodes));
    }
  }
  return absl::OkStatus();
}

absl::Status ConfigSchema::State::TakeFile(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string text, ReadWhole(file));
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return absl::OkStatus();
    if (!root.IsMap()) return absl::InvalidArgumentError(file + ":1: a mapping is expected");
    size_t nodes = 0;
    return Walk(root, "", file, 0, nodes);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(Place(file, error.mark) + ": " + error.msg);
  }
}

absl::Status ConfigSchema::State::TakeEnvironment(const std::vector<std::string>& environment) {
  for (const std::string& assignment : environment) {
    const size_t equals = assignment.find('=');
    const std::string name = assignment.substr(0, equals);
    if (equals == std::string::npos || !name.starts_with(prefix + "_")) continue;
    const auto entry = std::ranges::find_if(
        entries, [&](const ConfigEntry& e) { return Environment(e.key) == name; });
    if (entry == entries.end()) {
      return absl::InvalidArgumentError("environment variable " + name + " names no key");
    }
    RETURN_IF_ERROR(Annotate(entry->from_text(assignment.substr(equals + 1)),
                             "environment variable " + name));
  }
  return absl::OkStatus();
}

absl::Status ConfigSchema::State::TakeSets(const std::vector<std::string>& sets) {
  for (const std::string& set : sets) {
    const size_t equals = set.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError("--set " + set + ": key=value is expected");
    }
    const std::string key = set.substr(0, equals);
    const ConfigEntry* entry = Find(key);
    if (entry == nullptr) return absl::InvalidArgumentError("--set: " + Unknown(key));
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
                             std::vector<std::string> choices) {
  state_->entries.push_back(ChoiceEntry(key, value, help, std::move(choices)));
}
void ConfigSchema::AddRows(const std::string& key, std::vector<Row>* value,
                           const std::string& help, std::vector<std::string> fields) {
  state_->entries.push_back(RowsEntry(key, value, help, std::move(fields)));
}

absl::Status ConfigSchema::Load(const Sources& sources) {
  if (!sources.file.empty()) RETURN_IF_ERROR(state_->TakeFile(sources.file));
  std::vector<std::string> environment = sources.environment;
  if (environment.empty()) {
    for (char** one = environ; *one != nullptr; ++one) environment.emplace_back(*one);
  }
  RETURN_IF_ERROR(state_->TakeEnvironment(environment));
  RETURN_IF_ERROR(state_->TakeSets(sources.sets));
  return state_->CheckRequired();
}

std::string ConfigSchema::Print() const {
  YAML::Node root;
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
  std::string rows = "| key | environment variable | type | default | meaning |\n"
                     "|---|---|---|---|---|\n";
  for (const ConfigEntry& entry : state_->entries) {
    const std::string value = entry.print();
    rows += "| `" + entry.key + "` | " +
            (entry.from_text == nullptr ? "-" : "`" + state_->Environment(entry.key) + "`") +
            " | " + entry.type + " | " + (value.empty() ? "" : "`" + value + "`") + " | " +
            entry.help + (entry.required ? " Required." : "") + " |\n";
  }
  return rows;
}

}  // namespace innkeeper
