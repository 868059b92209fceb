#pragma once
// Reading the fields of a JSON object that a person may have edited: what is absent or null keeps
// its default, the first thing that is wrong is remembered with its path, the rest is read all the
// same. Heavy header: for codecs' .cc files.

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "base/status.h"

namespace innkeeper {

class JsonFields {
 public:
  // `flaw` outlives it; set to INVALID_ARGUMENT by the first Fail.
  JsonFields(simdjson::dom::element json, std::string path, absl::Status& flaw)
      : path_(std::move(path)), flaw_(flaw) {
    if (json.get(object_) == simdjson::SUCCESS) {
      present_ = true;
    } else if (!json.is_null()) {
      flaw_.Update(absl::InvalidArgumentError(path_ + ": not an object"));
    }
  }
  JsonFields(std::string path, absl::Status& flaw) : path_(std::move(path)), flaw_(flaw) {}

  bool present() const { return present_; }
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  void Fail(std::string_view name, const std::string& why) {
    flaw_.Update(absl::InvalidArgumentError(PathOf(name) + ": " + why));
  }
  // Its fields; none if it is absent or no object.
  JsonFields In(std::string_view name) {
    const auto found = Find(name);
    return found ? JsonFields(*found, PathOf(name), flaw_) : JsonFields(PathOf(name), flaw_);
  }

  void Read(std::string_view name, std::string& value);
  void Read(std::string_view name, bool& value);
  void Read(std::string_view name, int64_t& value);
  void Read(std::string_view name, int& value);
  void Read(std::string_view name, absl::Time& value);      // RFC 3339, years 1 to 9999
  void Read(std::string_view name, absl::Duration& value);  // as Go writes it, finite
  void Read(std::string_view name, std::vector<std::string>& value);
  template <class T>
  void Read(std::string_view name, std::optional<T>& value) {
    if (Has(name)) Read(name, value.emplace());
  }
  template <class Enum, class Parse>
  void ReadName(std::string_view name, Enum& value, Parse&& parse) {
    std::string text;
    Read(name, text);
    if (text.empty()) return;
    const std::optional<Enum> parsed = parse(text);
    if (!parsed) return Fail(name, "not one of its values");
    value = *parsed;
  }
  // use(key, fields) for each item of a list of objects.
  template <class Use>
  void EachItem(std::string_view name, Use&& use) {
    const auto found = Find(name);
    if (!found) return;
    simdjson::dom::array items;
    if (found->get(items) != simdjson::SUCCESS) return Fail(name, "not a list");
    size_t at = 0;
    for (const simdjson::dom::element item : items)
      use(JsonFields(item, PathOf(name) + "[" + std::to_string(at++) + "]", flaw_));
  }
  // use(key) for each member's name.
  template <class Use>
  void EachName(Use&& use) {
    if (!present_) return;
    for (const auto& field : object_) use(field.key);
  }

 private:
  // Nothing if absent or null.
  std::optional<simdjson::dom::element> Find(std::string_view name) const;
  std::string PathOf(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  }
  simdjson::dom::object object_;
  bool present_ = false;
  std::string path_;
  absl::Status& flaw_;
};

}  // namespace innkeeper
