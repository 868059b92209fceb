#pragma once
// Walking through JSON by simdjson on demand. Heavy header: only .cc files of this folder include
// it.

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace innkeeper {

namespace ondemand = simdjson::ondemand;

// Calls visit(key, value) for each field. False: not an object, a visit was false, or the text is
// broken. A value that a visit does not take is skipped.
template <class Object, class Visit>
bool EachField(Object&& from, Visit visit) {
  ondemand::object object;
  if (from.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto each : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(each).get(field) != simdjson::SUCCESS) return false;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    if (!visit(key, field.value())) return false;
  }
  return true;
}

// Calls visit(index, element) for each; as above.
template <class Visit>
bool EachElement(ondemand::value from, Visit visit) {
  ondemand::array array;
  if (from.get_array().get(array) != simdjson::SUCCESS) return false;
  size_t index = 0;
  for (auto each : array) {
    ondemand::value element;
    if (std::move(each).get(element) != simdjson::SUCCESS) return false;
    if (!visit(index++, element)) return false;
  }
  return true;
}

inline bool Take(ondemand::value value, std::string& into) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  into.assign(text);
  return true;
}

inline bool IsNull(ondemand::value& value) {
  ondemand::json_type type;
  return value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::null;
}

inline bool Take(ondemand::value value, std::optional<std::string>& into) {
  if (IsNull(value)) return true;
  return Take(value, into.emplace());
}

}  // namespace innkeeper
