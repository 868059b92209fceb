#include "coordinator/home/plain/rows.h"

#include <nlohmann/json.hpp>

#include "coordinator/guests/names.h"

namespace innkeeper {
namespace {

using Json = nlohmann::json;

// Bytes of one column. Far above any real one; a decoder's cap before it parses.
constexpr size_t kLargestColumn = 1 << 20;

std::string Dump(const Json& json) {
  // Names of domains may hold bytes that are no UTF-8; such bytes are replaced, not thrown about.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Reads the fields of one object. The first thing that is wrong is remembered; what is missing
// keeps its default.
class Reader {
 public:
  explicit Reader(const std::string& text) {
    if (text.size() <= kLargestColumn) json_ = Json::parse(text, nullptr, false);
    if (!json_.is_object()) Fail("not an object, or too large");
  }
  explicit Reader(Json json) : json_(std::move(json)) {
    if (!json_.is_object()) Fail("not an object");
  }

  absl::Status status() const { return status_; }
  void Fail(const std::string& why) {
    if (status_.ok()) status_ = absl::DataLossError("damaged row: " + why);
  }

  bool Has(const char* name) const { return status_.ok() && json_.contains(name); }
  const Json& At(const char* name) const { return json_[name]; }

  void Read(const char* name, std::string& value) {
    if (!Has(name)) return;
    if (!At(name).is_string()) return Fail(name);
    value = At(name).get_ref<const std::string&>();
  }
  void Read(const char* name, bool& value) {
    if (!Has(name)) return;
    if (!At(name).is_boolean()) return Fail(name);
    value = At(name).get<bool>();
  }
  template <class Integer>
  requires(std::is_integral_v<Integer> &&
           !std::is_same_v<Integer, bool>) void Read(const char* name, Integer& value) {
    if (!Has(name)) return;
    if (!At(name).is_number_integer()) return Fail(name);
    const auto number = At(name).get<int64_t>();
    if (number < std::numeric_limits<Integer>::min() ||
        number > std::numeric_limits<Integer>::max())
      return Fail(name);
    value = static_cast<Integer>(number);
  }
  void Read(const char* name, absl::Time& value) {
    int64_t nanos = absl::ToUnixNanos(value);
    Read(name, nanos);
    value = absl::FromUnixNanos(nanos);
  }
  template <class T>
  void Read(const char* name, std::optional<T>& value) {
    if (Has(name)) Read(name, value.emplace());
  }
  void Read(const char* name, std::vector<std::string>& value) {
    if (!Has(name)) return;
    if (!At(name).is_array()) return Fail(name);
    for (const Json& item : At(name)) {
      if (!item.is_string()) return Fail(name);
      value.push_back(item.get<std::string>());
    }
  }
  template <class Enum, class Parse>
  void ReadName(const char* name, Enum& value, Parse&& parse) {
    std::string text = "\x01";
    Read(name, text);
    if (text == "\x01") return;
    const std::optional<Enum> parsed = parse(text);
    if (!parsed) return Fail(std::string(name) + " '" + text + "'");
    value = *parsed;
  }
  // Calls use(key, value) for each member of an object.
  template <class Use>
  void ReadMembers(const char* name, Use&& use) {
    if (!Has(name)) return;
    if (!At(name).is_object()) return Fail(name);
    for (const auto& [key, value] : At(name).items()) use(key, value);
  }
  void Absorb(const Reader& other) {
    if (status_.ok()) status_ = other.status_;
  }

 private:
  Json json_;
  absl::Status status_;
};

template <class T>
absl::StatusOr<T> Result(const Reader& reader, T value) {
  RETURN_IF_ERROR(reader.status());
  return value;
}

int64_t Nanos(absl::Time time) { return absl::ToUnixNanos(time); }

void PutTime(Json& json, const char* name, const std::optional<absl::Time>& time) {
  if (time) json[name] = Nanos(*time);
}

Json EncodeAttempt(const Attempt& attempt) {
  return {{"id", attempt.id},
          {"password_generation", attempt.password_generation},
          {"spec_generation", attempt.spec_generation},
          {"started", Nanos(attempt.started)},
          {"run", attempt.run},
          {"server", attempt.server},
          {"delivered", attempt.delivered},
          {"guest_pid", attempt.guest_pid},
          {"by_disk", attempt.by_disk}};
}

Attempt DecodeAttempt(Reader& outer) {
  Reader in(outer.At("attempt"));
  Attempt attempt;
  in.Read("id", attempt.id);
  in.Read("password_generation", attempt.password_generation);
  in.Read("spec_generation", attempt.spec_generation);
  in.Read("started", attempt.started);
  in.Read("run", attempt.run);
  in.Read("server", attempt.server);
  in.Read("delivered", attempt.delivered);
  in.Read("guest_pid", attempt.guest_pid);
  in.Read("by_disk", attempt.by_disk);
  outer.Absorb(in);
  return attempt;
}

Json EncodeSetback(const Setback& setback) {
  return {{"at", Nanos(setback.at)},
          {"run", setback.run},
          {"generation", setback.generation},
          {"final", setback.final}};
}

Setback DecodeSetback(Reader& outer) {
  Reader in(outer.At("setback"));
  Setback setback;
  in.Read("at", setback.at);
  in.Read("run", setback.run);
  in.Read("generation", setback.generation);
  in.Read("final", setback.final);
  outer.Absorb(in);
  return setback;
}

Json EncodeConditions(const std::map<ConditionType, Condition>& conditions) {
  Json json = Json::object();
  for (const auto& [type, condition] : conditions) {
    json[NameOf(type)] = {{"truth", NameOf(condition.truth)},
                          {"reason", TextOf(condition.reason).code},
                          {"message", condition.message},
                          {"since", Nanos(condition.since)}};
  }
  return json;
}

void DecodeConditions(Reader& outer, std::map<ConditionType, Condition>& conditions) {
  outer.ReadMembers("conditions", [&](const std::string& name, const Json& value) {
    const std::optional<ConditionType> type = ParseConditionType(name);
    if (!type) return outer.Fail("condition '" + name + "'");
    Reader in(value);
    Condition condition;
    in.ReadName("truth", condition.truth, ParseTruth);
    in.ReadName("reason", condition.reason, ParseReason);
    in.Read("message", condition.message);
    in.Read("since", condition.since);
    outer.Absorb(in);
    conditions[*type] = std::move(condition);
  });
}

void DecodePhaseTimes(Reader& outer, std::map<Phase, absl::Time>& times) {
  outer.ReadMembers("phase_times", [&](const std::string& name, const Json& value) {
    const std::optional<Phase> phase = ParsePhase(name);
    if (!phase || !value.is_number_integer()) return outer.Fail("phase time '" + name + "'");
    times[*phase] = absl::FromUnixNanos(value.get<int64_t>());
  });
}

}  // namespace

std::string EncodeSpec(const IdentitySpec& spec) {
  return Dump({{"enroll", NameOf(spec.enroll)},
               {"fqdn", spec.fqdn},
               {"host_groups", spec.host_groups},
               {"host_class", spec.host_class},
               {"generation", spec.generation},
               {"delivery", NameOf(spec.delivery)}});
}

absl::StatusOr<IdentitySpec> DecodeSpec(const std::string& json) {
  Reader in(json);
  IdentitySpec spec;
  in.ReadName("enroll", spec.enroll, ParseWish);
  in.Read("fqdn", spec.fqdn);
  in.Read("host_groups", spec.host_groups);
  in.Read("host_class", spec.host_class);
  in.Read("generation", spec.generation);
  in.ReadName("delivery", spec.delivery, ParseDeliveryMethod);
  return Result(in, std::move(spec));
}

std::string EncodeStatus(const GuestStatus& status) {
  Json json = {{"phase", NameOf(status.phase)},
               {"fqdn", status.fqdn.text},
               {"host_dn", status.host_dn},
               {"password_generation", status.password_generation},
               {"enrolled_generation", status.enrolled_generation},
               {"failures", status.failures},
               {"verified_run", status.verified_run},
               {"host_groups", status.host_groups},
               {"node", status.node.text},
               {"disk_loaded", status.disk_loaded},
               {"addresses", status.addresses},
               {"os", status.os},
               {"conditions", EncodeConditions(status.conditions)}};
  PutTime(json, "keytab_since", status.keytab_since);
  PutTime(json, "next_try", status.next_try);
  PutTime(json, "unsure_until", status.unsure_until);
  PutTime(json, "first_try", status.first_try);
  PutTime(json, "leaving_since", status.leaving_since);
  if (status.enroll_took) json["enroll_took"] = absl::ToInt64Nanoseconds(*status.enroll_took);
  if (status.attempt) json["attempt"] = EncodeAttempt(*status.attempt);
  if (status.setback) json["setback"] = EncodeSetback(*status.setback);
  for (const auto& [phase, time] : status.phase_times)
    json["phase_times"][NameOf(phase)] = Nanos(time);
  return Dump(json);
}

absl::StatusOr<GuestStatus> DecodeStatus(const std::string& json) {
  Reader in(json);
  GuestStatus status;
  in.ReadName("phase", status.phase, ParsePhase);
  in.Read("fqdn", status.fqdn.text);
  in.Read("host_dn", status.host_dn);
  in.Read("password_generation", status.password_generation);
  in.Read("enrolled_generation", status.enrolled_generation);
  in.Read("failures", status.failures);
  in.Read("verified_run", status.verified_run);
  in.Read("host_groups", status.host_groups);
  in.Read("node", status.node.text);
  in.Read("disk_loaded", status.disk_loaded);
  in.Read("addresses", status.addresses);
  in.Read("os", status.os);
  in.Read("keytab_since", status.keytab_since);
  in.Read("next_try", status.next_try);
  in.Read("unsure_until", status.unsure_until);
  in.Read("first_try", status.first_try);
  in.Read("leaving_since", status.leaving_since);
  std::optional<int64_t> took;
  in.Read("enroll_took", took);
  if (took) status.enroll_took = absl::Nanoseconds(*took);
  if (in.Has("attempt")) status.attempt = DecodeAttempt(in);
  if (in.Has("setback")) status.setback = DecodeSetback(in);
  DecodeConditions(in, status.conditions);
  DecodePhaseTimes(in, status.phase_times);
  return Result(in, std::move(status));
}

std::string EncodePlacement(const PlacementRow& row) {
  Json json = {{"holder", row.placement.holder.text},
               {"presence", NameOf(row.placement.presence)},
               {"released", row.placement.released},
               {"space", row.key.space},
               {"name", row.key.name},
               {"since", Nanos(row.presence_since)},
               {"persistent", row.persistent},
               {"wish", NameOf(row.wish)},
               {"wish_fqdn", row.wish_fqdn}};
  for (const NodeName& node : row.placement.claimants) json["claimants"].push_back(node.text);
  return Dump(json);
}

absl::StatusOr<PlacementRow> DecodePlacement(const std::string& json) {
  Reader in(json);
  PlacementRow row;
  in.Read("holder", row.placement.holder.text);
  in.ReadName("presence", row.placement.presence, ParseVmPresence);
  in.Read("released", row.placement.released);
  in.Read("space", row.key.space);
  in.Read("name", row.key.name);
  in.Read("since", row.presence_since);
  in.Read("persistent", row.persistent);
  in.ReadName("wish", row.wish, ParseWish);
  in.Read("wish_fqdn", row.wish_fqdn);
  std::vector<std::string> claimants;
  in.Read("claimants", claimants);
  for (std::string& node : claimants) row.placement.claimants.push_back({std::move(node)});
  return Result(in, std::move(row));
}

}  // namespace innkeeper
