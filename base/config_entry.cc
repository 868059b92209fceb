#include "base/config_entry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/text.h"

namespace innkeeper {
namespace {

// What an error quotes of a wrong value, bytes.
constexpr size_t kQuoteCap = 80;

absl::Status Wanted(const std::string& what, const std::string& got) {
  return absl::InvalidArgumentError(what + " is expected, not '" +
                                    Printable(got.substr(0, kQuoteCap)) + "'");
}

absl::Status Misshapen(const std::string& what, const YAML::Node& node) {
  const char* got = node.IsMap() ? "a mapping" : node.IsSequence() ? "a list" : "a single value";
  return absl::InvalidArgumentError(what + " is expected, not " + got);
}

// "a", "b" of a YAML sequence of scalars.
absl::StatusOr<std::vector<std::string>> Words(const YAML::Node& list) {
  std::vector<std::string> words;
  for (const YAML::Node& word : list) {
    if (!word.IsScalar()) return Misshapen("text in the list", word);
    words.push_back(word.Scalar());
  }
  return words;
}

// An entry of one scalar: YAML and text come in the same way.
ConfigEntry ScalarEntry(const std::string& key, const std::string& help, const std::string& type,
                        const std::function<absl::Status(const std::string&)>& parse,
                        const std::function<std::string()>& print) {
  ConfigEntry entry;
  entry.key = key;
  entry.help = help;
  entry.type = type;
  entry.from_text = parse;
  entry.from_yaml = [parse, type](const YAML::Node& node) {
    if (node.IsNull()) return parse("");
    if (!node.IsScalar()) return Misshapen(type, node);
    return parse(node.Scalar());
  };
  entry.print = print;
  entry.to_yaml = [print] { return YAML::Node(print()); };
  return entry;
}

struct Unit {
  const char* name;
  Duration size;
};
constexpr std::array<Unit, 5> kUnits{{{"d", std::chrono::hours(24)},
                                      {"h", std::chrono::hours(1)},
                                      {"m", std::chrono::minutes(1)},
                                      {"s", std::chrono::seconds(1)},
                                      {"ms", std::chrono::milliseconds(1)}}};

}  // namespace

absl::StatusOr<Duration> ParseDuration(const std::string& text) {
  const size_t end = text.find_first_not_of("0123456789");
  int64_t number = 0;
  if (end != std::string::npos && end > 0 && absl::SimpleAtoi(text.substr(0, end), &number)) {
    for (const Unit& unit : kUnits) {
      if (text.substr(end) != unit.name) continue;
      if (number > Duration::max() / unit.size) break;
      return number * unit.size;
    }
  }
  return Wanted("a duration like 250ms, 30s, 15m, 12h or 90d", text);
}

std::string FormatDuration(Duration value) {
  for (const Unit& unit : kUnits) {
    if (value >= unit.size && value % unit.size == Duration::zero()) {
      return std::to_string(value / unit.size) + unit.name;
    }
  }
  return std::to_string(value / std::chrono::milliseconds(1)) + "ms";
}

ConfigEntry TextEntry(const std::string& key, std::string* value, const std::string& help) {
  return ScalarEntry(
      key, help, "text",
      [value](const std::string& text) {
        *value = text;
        return absl::OkStatus();
      },
      [value] { return *value; });
}

ConfigEntry BoolEntry(const std::string& key, bool* value, const std::string& help) {
  ConfigEntry entry = ScalarEntry(
      key, help, "true or false",
      [value](const std::string& text) {
        if (text != "true" && text != "false") return Wanted("true or false", text);
        *value = text == "true";
        return absl::OkStatus();
      },
      [value] { return std::string(*value ? "true" : "false"); });
  entry.to_yaml = [value] { return YAML::Node(*value); };
  return entry;
}

ConfigEntry IntegerEntry(const std::string& key, int64_t* value, const std::string& help,
                         IntegerRange range) {
  const std::string type = "a number " + std::to_string(range.least) + ".." +
                           (range.most == INT64_MAX ? "" : std::to_string(range.most));
  ConfigEntry entry = ScalarEntry(
      key, help, type,
      [value, range, type](const std::string& text) {
        int64_t number = 0;
        if (!absl::SimpleAtoi(text, &number) || number < range.least || number > range.most) {
          return Wanted(type, text);
        }
        *value = number;
        return absl::OkStatus();
      },
      [value] { return std::to_string(*value); });
  entry.to_yaml = [value] { return YAML::Node(*value); };
  return entry;
}

ConfigEntry DurationEntry(const std::string& key, Duration* value, const std::string& help,
                          DurationRange range) {
  const std::string type =
      "a duration " + FormatDuration(range.least) + ".." + FormatDuration(range.most);
  return ScalarEntry(
      key, help, type,
      [value, range, type](const std::string& text) -> absl::Status {
        ASSIGN_OR_RETURN(const Duration parsed, ParseDuration(text));
        if (parsed < range.least || parsed > range.most) return Wanted(type, text);
        *value = parsed;
        return absl::OkStatus();
      },
      [value] { return FormatDuration(*value); });
}

ConfigEntry SecretEntry(const std::string& key, Secret* value, const std::string& help) {
  ConfigEntry entry = ScalarEntry(
      key, help, "secret text",
      [value](const std::string& text) {
        *value = Secret(text);
        return absl::OkStatus();
      },
      [value] { return std::string(value->empty() ? "" : "[redacted]"); });
  entry.secret = true;
  return entry;
}

ConfigEntry ChoiceEntry(const std::string& key, std::string* value, const std::string& help,
                        const std::vector<std::string>& choices) {
  const std::string type = "one of " + absl::StrJoin(choices, ", ");
  return ScalarEntry(
      key, help, type,
      [value, choices, type](const std::string& text) {
        if (std::ranges::find(choices, text) == choices.end()) return Wanted(type, text);
        *value = text;
        return absl::OkStatus();
      },
      [value] { return *value; });
}

ConfigEntry ListEntry(const std::string& key, std::vector<std::string>* value,
                      const std::string& help) {
  ConfigEntry entry;
  entry.key = key;
  entry.help = help;
  entry.type = "list of text";
  entry.from_text = [value](const std::string& text) {
    value->clear();
    if (!text.empty()) *value = absl::StrSplit(text, ',');
    return absl::OkStatus();
  };
  entry.from_yaml = [value](const YAML::Node& node) -> absl::Status {
    if (!node.IsSequence() && !node.IsNull()) return Misshapen("a list of text", node);
    ASSIGN_OR_RETURN(*value, Words(node));
    return absl::OkStatus();
  };
  entry.print = [value] { return absl::StrJoin(*value, ","); };
  entry.to_yaml = [value] {
    YAML::Node list(YAML::NodeType::Sequence);
    for (const std::string& one : *value) list.push_back(one);
    return list;
  };
  return entry;
}

namespace {

absl::StatusOr<ConfigSchema::Row> ReadRow(const YAML::Node& node,
                                          const std::vector<std::string>& fields) {
  const std::string line = "line " + std::to_string(node.Mark().line + 1);
  if (!node.IsMap()) return Annotate(Misshapen("a mapping", node), line);
  ConfigSchema::Row row;
  for (const auto& member : node) {
    const std::string name = member.first.Scalar();
    if (std::ranges::find(fields, name) == fields.end()) {
      return absl::InvalidArgumentError(line + ": unknown key '" + Printable(name) +
                                        "'; known are " + absl::StrJoin(fields, ", "));
    }
    if (member.second.IsSequence()) {
      ASSIGN_OR_RETURN(const std::vector<std::string> words, Words(member.second));
      row[name] = absl::StrJoin(words, ",");
    } else if (member.second.IsScalar()) {
      row[name] = member.second.Scalar();
    } else {
      return Annotate(Misshapen("text or a list of text", member.second), line + ": " + name);
    }
  }
  return row;
}

}  // namespace

ConfigEntry RowsEntry(const std::string& key, std::vector<ConfigSchema::Row>* value,
                      const std::string& help, const std::vector<std::string>& fields) {
  ConfigEntry entry;
  entry.key = key;
  entry.help = help + " Fields: " + absl::StrJoin(fields, ", ") + ".";
  entry.type = "list of mappings (file only)";
  entry.only_in_file = true;
  entry.from_text = [](const std::string&) {
    return absl::InvalidArgumentError("can be set in the file only");
  };
  entry.from_yaml = [value, fields](const YAML::Node& node) -> absl::Status {
    if (!node.IsSequence() && !node.IsNull()) return Misshapen("a list of mappings", node);
    value->clear();
    for (const YAML::Node& member : node) {
      ASSIGN_OR_RETURN(ConfigSchema::Row row, ReadRow(member, fields));
      value->push_back(std::move(row));
    }
    return absl::OkStatus();
  };
  entry.print = [value] {
    return value->empty() ? std::string() : std::to_string(value->size()) + " rows";
  };
  entry.to_yaml = [value] {
    YAML::Node list(YAML::NodeType::Sequence);
    for (const ConfigSchema::Row& row : *value) list.push_back(row);
    return list;
  };
  return entry;
}

}  // namespace innkeeper
