#pragma once
// The part of JSON Schema 2020-12 that the OpenAPI document and the Guest resource use. Stricter in
// one thing: an object may hold only what its schema names.

#include <regex.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace innkeeper {

class JsonSchema {
 public:
  explicit JsonSchema(const nlohmann::json& document) : document_(document) {}

  // What is wrong with the value, each with its place; empty: nothing.
  std::vector<std::string> Check(const nlohmann::json& schema, const nlohmann::json& value,
                                 const std::string& place = "$") const {
    if (schema.contains("$ref")) {
      const std::string reference = schema["$ref"];
      const nlohmann::json::json_pointer at(reference.substr(1));  // "#/components/..."
      if (!document_.contains(at)) return {place + ": no such schema: " + reference};
      return Check(document_[at], value, place);
    }
    const std::string type = schema.value("type", "");
    if (type == "object") return CheckObject(schema, value, place);
    if (type == "array") return CheckArray(schema, value, place);
    const bool fits = (type == "string" && value.is_string()) ||
                      (type == "boolean" && value.is_boolean()) ||
                      (type == "integer" && value.is_number_integer());
    if (!fits) return {place + ": not a " + type + ": " + value.dump()};
    if (type == "string") return CheckText(schema, value, place);
    if (value.is_number_integer() &&
        value.get<int64_t>() < schema.value("minimum", value.get<int64_t>()))
      return {place + ": too small"};
    return {};
  }

 private:
  using Errors = std::vector<std::string>;
  static void Append(Errors& to, const Errors& more) {
    to.insert(to.end(), more.begin(), more.end());
  }
  Errors CheckObject(const nlohmann::json& schema, const nlohmann::json& value,
                     const std::string& place) const {
    if (!value.is_object()) return {place + ": not an object"};
    Errors errors;
    for (const auto& name : schema.value("required", std::vector<std::string>()))
      if (!value.contains(name)) errors.push_back(place + "." + name + ": missing");
    for (const auto& [name, member] : value.items()) {
      const std::string below = place + "." + name;
      if (schema.contains("properties") && schema["properties"].contains(name)) {
        Append(errors, Check(schema["properties"][name], member, below));
      } else if (schema.contains("additionalProperties") &&
                 schema["additionalProperties"].is_object()) {
        Append(errors, Check(schema["additionalProperties"], member, below));
      } else {
        errors.push_back(below + ": not in the schema");
      }
    }
    return errors;
  }
  Errors CheckArray(const nlohmann::json& schema, const nlohmann::json& value,
                    const std::string& place) const {
    if (!value.is_array()) return {place + ": not an array"};
    Errors errors;
    if (value.size() > schema.value("maxItems", value.size()))
      errors.push_back(place + ": too many");
    for (const nlohmann::json& item : value) {
      Append(errors, Check(schema["items"], item, place + "[]"));
    }
    return errors;
  }
  static bool Matches(const std::string& text, const std::string& pattern) {
    regex_t form;
    if (regcomp(&form, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
    const bool matches = regexec(&form, text.c_str(), 0, nullptr, 0) == 0;
    regfree(&form);
    return matches;
  }
  static Errors CheckText(const nlohmann::json& schema, const nlohmann::json& value,
                          const std::string& place) {
    const std::string text = value.get<std::string>();
    if (text.size() > schema.value("maxLength", text.size())) return {place + ": too long"};
    if (schema.contains("enum") &&
        std::count(schema["enum"].begin(), schema["enum"].end(), value) == 0)
      return {place + ": not one of its values: " + text};
    std::string pattern = schema.value("pattern", "");
    if (schema.value("format", "") == "date-time") {
      pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$";
    }
    if (pattern.empty() || Matches(text, pattern)) return {};
    return {place + ": does not match " + pattern + ": " + value.dump()};
  }

  const nlohmann::json& document_;
};

}  // namespace innkeeper
