#include <nlohmann/json.hpp>
#include <set>

#include "coordinator/guests/names.h"
#include "coordinator/home/kube/guest_codec.h"

namespace innkeeper {
namespace {

using nlohmann::ordered_json;

// Limits of the schema that the domain does not know.
constexpr size_t kLongestMessage = 32768;
constexpr size_t kLongestText = 255;
constexpr size_t kLongestDn = 4096;
constexpr size_t kMostAddresses = 64;
constexpr size_t kMostGroups = 256;

// At most so many bytes, which are at least as many characters; no character is cut in two.
std::string Cut(const std::string& text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// Whole nanoseconds, and within the years that RFC 3339 can write.
std::string TimeText(absl::Time time) {
  static const absl::Time kFirst = absl::FromCivil(absl::CivilYear(1), absl::UTCTimeZone());
  static const absl::Time kLast =
      absl::FromCivil(absl::CivilSecond(9999, 12, 31, 23, 59, 59), absl::UTCTimeZone());
  time = std::clamp(time, kFirst, kLast);
  time = absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), absl::Nanoseconds(1));
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::string DurationText(absl::Duration duration) {
  duration = absl::Trunc(duration, absl::Nanoseconds(1));
  return duration == absl::ZeroDuration() ? "0s" : absl::FormatDuration(duration);
}

void PutText(ordered_json& json, const char* name, const std::string& text,
             size_t most = kLongestText) {
  if (!text.empty()) json[name] = Cut(text, most);
}
void PutTime(ordered_json& json, const char* name, const std::optional<absl::Time>& time) {
  if (time) json[name] = TimeText(*time);
}
void PutNumber(ordered_json& json, const char* name, int64_t number, int64_t usual = 0) {
  if (number != usual) json[name] = number;
}
void PutTexts(ordered_json& json, const char* name, const std::vector<std::string>& texts,
              size_t most) {
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    if (seen.size() < most && seen.insert(text).second)
      json[name].push_back(Cut(text, kLongestText));
  }
}

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json Identity(const IdentitySpec& spec) {
  ordered_json json{{"enroll", nullptr}};
  if (spec.enroll != Wish::kUnset) json["enroll"] = spec.enroll == Wish::kYes;
  const auto put = [&](const char* name, const std::string& text) {
    json[name] = text.empty() ? ordered_json() : ordered_json(text);
  };
  put("delivery", NameOf(spec.delivery));
  put("fqdn", spec.fqdn);
  json["hostGroups"] = spec.host_groups.empty() ? ordered_json() : ordered_json(spec.host_groups);
  put("hostClass", spec.host_class);
  json["generation"] = spec.generation;
  return json;
}

ordered_json WithoutNulls(const ordered_json& json) {
  ordered_json kept = ordered_json::object();
  for (const auto& [name, value] : json.items()) {
    if (!value.is_null()) kept[name] = value;
  }
  return kept;
}

ordered_json Owners(const std::optional<GuestOwner>& owner) {
  if (!owner) return ordered_json::array();
  return ordered_json::array({{{"apiVersion", "kubevirt.io/v1"},
                               {"kind", owner->kind},
                               {"name", owner->name},
                               {"uid", owner->uid.text}}});
}

ordered_json EncodeAttempt(const Attempt& attempt) {
  ordered_json json{{"id", attempt.id}, {"started", TimeText(attempt.started)}};
  PutNumber(json, "passwordGeneration", attempt.password_generation);
  PutNumber(json, "specGeneration", attempt.spec_generation);
  PutText(json, "run", attempt.run);
  PutText(json, "server", attempt.server);
  if (attempt.delivered) json["delivered"] = true;
  PutNumber(json, "guestPid", attempt.guest_pid);
  if (attempt.by_disk) json["byDisk"] = true;
  return json;
}

ordered_json EncodeSetback(const Setback& setback) {
  ordered_json json{{"at", TimeText(setback.at)}};
  PutText(json, "run", setback.run);
  PutNumber(json, "generation", setback.generation);
  if (setback.final) json["final"] = true;
  return json;
}

ordered_json EncodeConditions(const std::map<ConditionType, Condition>& conditions,
                              int64_t generation) {
  ordered_json list = ordered_json::array();
  for (const auto& [type, condition] : conditions) {
    list.push_back({{"type", NameOf(type)},
                    {"status", NameOf(condition.truth)},
                    {"observedGeneration", generation},
                    {"lastTransitionTime", TimeText(condition.since)},
                    {"reason", TextOf(condition.reason).code},
                    {"message", Cut(condition.message, kLongestMessage)}});
  }
  return list;
}

}  // namespace

std::string EncodeOwners(const std::optional<GuestOwner>& owner) { return Dump(Owners(owner)); }

std::string EncodeNewGuest(const Guest& guest, const std::optional<GuestOwner>& owner) {
  const ordered_json metadata{{"namespace", guest.key.space},
                              {"name", guest.key.name},
                              {"labels", {{kVmUidLabel, guest.uid.text}}},
                              {"ownerReferences", Owners(owner)},
                              {"finalizers", {kGuestFinalizer}}};
  return Dump({{"apiVersion", std::string(kGuestGroup) + "/" + kGuestVersion},
               {"kind", "Guest"},
               {"metadata", metadata},
               {"spec", {{"identity", WithoutNulls(Identity(guest.spec))}}}});
}

std::string EncodeIdentity(const IdentitySpec& spec) { return Dump(Identity(spec)); }

std::string EncodeStatus(const GuestStatus& status, int64_t generation) {
  ordered_json json{{"phase", NameOf(status.phase)}};
  PutText(json, "fqdn", status.fqdn.text);
  PutText(json, "hostDn", status.host_dn, kLongestDn);
  PutTime(json, "keytabSince", status.keytab_since);
  PutText(json, "node", status.node.text);
  PutTexts(json, "addresses", status.addresses, kMostAddresses);
  PutText(json, "os", status.os);
  json["observedGeneration"] = generation;
  json["conditions"] = EncodeConditions(status.conditions, generation);
  for (const auto& [phase, time] : status.phase_times)
    json["phaseTimes"][NameOf(phase)] = TimeText(time);
  PutTexts(json, "hostGroups", status.host_groups, kMostGroups);
  PutNumber(json, "enrolledGeneration", status.enrolled_generation, -1);
  PutTime(json, "firstTry", status.first_try);
  if (status.enroll_took) json["enrollTook"] = DurationText(*status.enroll_took);
  PutNumber(json, "failures", status.failures);
  PutTime(json, "nextTry", status.next_try);
  if (status.attempt) json["attempt"] = EncodeAttempt(*status.attempt);
  if (status.setback) json["setback"] = EncodeSetback(*status.setback);
  PutNumber(json, "passwordGeneration", status.password_generation);
  PutTime(json, "unsureUntil", status.unsure_until);
  PutText(json, "verifiedRun", status.verified_run);
  PutTime(json, "leavingSince", status.leaving_since);
  if (status.disk_loaded) json["diskLoaded"] = true;
  return Dump(json);
}

}  // namespace innkeeper
