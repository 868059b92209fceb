#include "coordinator/kube/testing/selector.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace innkeeper {
namespace {

std::string Trim(const std::string& text) { return std::string(absl::StripAsciiWhitespace(text)); }

// At commas that are not within parentheses.
std::vector<std::string> Terms(const std::string& text) {
  std::vector<std::string> terms(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) {
      terms.emplace_back();
    } else {
      terms.back() += c;
    }
  }
  return terms;
}

std::optional<std::string> LabelOf(const nlohmann::json& object, const std::string& key) {
  const nlohmann::json::json_pointer labels("/metadata/labels");
  if (!object.contains(labels) || !object.at(labels).contains(key)) return std::nullopt;
  return object.at(labels).at(key).get<std::string>();
}

std::string FieldOf(const nlohmann::json& object, const std::string& path) {
  const nlohmann::json* at = &object;
  for (const auto& part : absl::StrSplit(path, '.')) {
    const auto it = at->find(std::string(part));
    if (it == at->end()) return "";
    at = &*it;
  }
  return at->is_string() ? at->get<std::string>() : at->dump();
}

}  // namespace

absl::StatusOr<Selector::Term> Selector::Parse(const std::string& text) {
  const std::string term = Trim(text);
  const auto split = [&](const std::string& by, Is is) {
    const size_t at = term.find(by);
    return Term{Trim(term.substr(0, at)), is, {Trim(term.substr(at + by.size()))}};
  };
  for (const auto& [word, is] : {std::pair(" notin (", Is::kNotIn), std::pair(" in (", Is::kIn)}) {
    if (term.find(word) == std::string::npos || !term.ends_with(")")) continue;
    Term set = split(word, is);
    const std::string values = set.values[0].substr(0, set.values[0].size() - 1);
    set.values.clear();
    for (const auto& value : absl::StrSplit(values, ','))
      set.values.push_back(Trim(std::string(value)));
    return set;
  }
  if (term.find("!=") != std::string::npos) return split("!=", Is::kNotIn);
  if (term.find("==") != std::string::npos) return split("==", Is::kIn);
  if (term.find('=') != std::string::npos) return split("=", Is::kIn);
  if (term.starts_with("!")) return Term{Trim(term.substr(1)), Is::kAbsent, {}};
  if (term.empty() || term.find_first_of(" ()") != std::string::npos)
    return absl::InvalidArgumentError("unable to parse requirement: " + term);
  return Term{term, Is::kThere, {}};
}

absl::StatusOr<Selector> Selector::OfLabels(const std::string& text) {
  Selector selector;
  if (text.empty()) return selector;
  for (const std::string& term : Terms(text)) {
    ASSIGN_OR_RETURN(Term parsed, Parse(term));
    selector.terms_.push_back(std::move(parsed));
  }
  return selector;
}

absl::StatusOr<Selector> Selector::OfFields(const std::string& text,
                                            const std::vector<std::string>& known) {
  ASSIGN_OR_RETURN(Selector selector, OfLabels(text));
  selector.fields_ = true;
  for (const Term& term : selector.terms_) {
    const bool equality = term.is == Is::kIn || term.is == Is::kNotIn;
    if (!equality || std::ranges::find(known, term.key) == known.end())
      return absl::InvalidArgumentError("field label not supported: " + term.key);
  }
  return selector;
}

bool Selector::Holds(const Term& term, const nlohmann::json& object) const {
  const std::optional<std::string> value =
      fields_ ? std::optional(FieldOf(object, term.key)) : LabelOf(object, term.key);
  const bool among = value && std::ranges::find(term.values, *value) != term.values.end();
  switch (term.is) {
    case Is::kIn:
      return among;
    case Is::kNotIn:
      return !among;
    case Is::kThere:
      return value.has_value();
    case Is::kAbsent:
      return !value.has_value();
  }
  return false;
}

bool Selector::Matches(const nlohmann::json& object) const {
  return std::ranges::all_of(terms_, [&](const Term& term) { return Holds(term, object); });
}

}  // namespace innkeeper
