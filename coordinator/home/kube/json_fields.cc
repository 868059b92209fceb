#include "coordinator/home/kube/json_fields.h"

namespace innkeeper {
namespace {

// Longer texts are no times: "9999-12-31T23:59:59.999999999+00:00" has 35 bytes.
constexpr size_t kLongestTime = 40;

}  // namespace

std::optional<simdjson::dom::element> JsonFields::Find(std::string_view name) const {
  simdjson::dom::element found;
  if (!present_ || object_.at_key(name).get(found) != simdjson::SUCCESS || found.is_null())
    return std::nullopt;
  return found;
}

void JsonFields::Read(std::string_view name, std::string& value) {
  const auto found = Find(name);
  if (!found) return;
  std::string_view text;
  if (found->get(text) != simdjson::SUCCESS) return Fail(name, "not a text");
  value = text;
}

void JsonFields::Read(std::string_view name, bool& value) {
  const auto found = Find(name);
  if (found && found->get(value) != simdjson::SUCCESS) Fail(name, "not true or false");
}

void JsonFields::Read(std::string_view name, int64_t& value) {
  const auto found = Find(name);
  if (found && found->get(value) != simdjson::SUCCESS) Fail(name, "not a whole number");
}

void JsonFields::Read(std::string_view name, int& value) {
  int64_t wide = value;
  Read(name, wide);
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
    return Fail(name, "too large a number");
  value = static_cast<int>(wide);
}

void JsonFields::Read(std::string_view name, absl::Time& value) {
  std::string text;
  Read(name, text);
  if (text.empty()) return;
  static const absl::Time kFirst = absl::FromCivil(absl::CivilYear(1), absl::UTCTimeZone());
  static const absl::Time kEnd = absl::FromCivil(absl::CivilYear(10000), absl::UTCTimeZone());
  absl::Time time;
  std::string why;
  const bool good = text.size() <= kLongestTime &&
                    absl::ParseTime(absl::RFC3339_full, text, &time, &why) && time >= kFirst &&
                    time < kEnd;
  if (!good) return Fail(name, "not a time as RFC 3339 writes it");
  value = time;
}

void JsonFields::Read(std::string_view name, absl::Duration& value) {
  std::string text;
  Read(name, text);
  if (text.empty()) return;
  absl::Duration duration;
  const bool good = text.size() <= kLongestTime && absl::ParseDuration(text, &duration) &&
                    duration > -absl::InfiniteDuration() && duration < absl::InfiniteDuration();
  if (!good) return Fail(name, "not a duration like 1m2.5s");
  value = duration;
}

void JsonFields::Read(std::string_view name, std::vector<std::string>& value) {
  const auto found = Find(name);
  if (!found) return;
  simdjson::dom::array items;
  if (found->get(items) != simdjson::SUCCESS) return Fail(name, "not a list");
  size_t at = 0;
  for (const simdjson::dom::element item : items) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS) {
      value.emplace_back(text);
    } else {
      Fail(std::string(name) + "[" + std::to_string(at) + "]", "not a text");
    }
    ++at;
  }
}

}  // namespace innkeeper
