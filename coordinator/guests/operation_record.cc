#include "coordinator/guests/operation_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace innkeeper {
namespace {

using Json = nlohmann::json;

// Bytes. Far above any real one; a decoder's cap before it parses.
constexpr size_t kLargestRecord = 1 << 20;

absl::Status Damaged(const std::string& what) {
  return absl::DataLossError("damaged record of the operation: " + what);
}

// False: it is there and of another type.
template <class T>
bool Read(const Json& json, const char* name, T& value) {
  const auto at = json.find(name);
  if (at == json.end()) return true;
  if constexpr (std::is_same_v<T, bool>) {
    if (!at->is_boolean()) return false;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!at->is_string()) return false;
  } else if (!at->is_number_integer()) {
    return false;
  }
  value = at->get<T>();
  return true;
}

absl::StatusOr<OperationRecord::Removal> DecodeRemoval(const Json& json) {
  std::string guest;
  int64_t nanos = 0;
  if (!json.is_object() || !Read(json, "guest", guest) || !Read(json, "time", nanos))
    return Damaged("removals");
  const absl::StatusOr<GuestKey> key = ParseGuestKey(guest);
  if (!key.ok()) return Damaged(guest);
  return OperationRecord::Removal{*key, absl::FromUnixNanos(nanos)};
}

bool IsCounted(const OperationRecord& record, const GuestKey& guest, absl::Time start) {
  return std::any_of(record.removals.begin(), record.removals.end(), [&](const auto& removal) {
    return removal.guest == guest && removal.time >= start;
  });
}

absl::Status Held(const OperationRecord& record) {
  return absl::FailedPreconditionError("the brake holds: " + record.brake_reason);
}

}  // namespace

std::string EncodeOperation(const OperationRecord& record) {
  Json json = {{"paused", record.paused},
               {"paused_by", record.paused_by},
               {"brake", record.brake},
               {"brake_reason", record.brake_reason},
               {"removals", Json::array()}};
  for (const OperationRecord::Removal& removal : record.removals)
    json["removals"].push_back(
        {{"guest", removal.guest.Text()}, {"time", absl::ToUnixNanos(removal.time)}});
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<OperationRecord> DecodeOperation(const std::string& json) {
  if (json.size() > kLargestRecord) return Damaged("too large");
  const Json in = Json::parse(json, nullptr, false);
  if (!in.is_object()) return Damaged("not an object");
  OperationRecord record;
  const bool good = Read(in, "paused", record.paused) && Read(in, "paused_by", record.paused_by) &&
                    Read(in, "brake", record.brake) &&
                    Read(in, "brake_reason", record.brake_reason);
  if (!good) return Damaged("a field of another type");
  const Json removals = in.value("removals", Json::array());
  if (!removals.is_array()) return Damaged("removals");
  for (const Json& item : removals) {
    ASSIGN_OR_RETURN(OperationRecord::Removal removal, DecodeRemoval(item));
    record.removals.push_back(std::move(removal));
  }
  return record;
}

OperationState StateOf(const OperationRecord& record, const RemovalLimits& limits, absl::Time now) {
  const absl::Time start = now - absl::FromChrono(limits.window);
  OperationState state{record.paused, record.paused_by, record.brake, record.brake_reason, {}};
  for (const OperationRecord::Removal& removal : record.removals) {
    if (removal.time >= start) state.removals.push_back(removal.time);
  }
  return state;
}

void Pause(OperationRecord& record, const std::string& who) {
  record.paused = true;
  record.paused_by = who;
}

void Resume(OperationRecord& record) {
  record.paused = false;
  record.paused_by.clear();
}

void ReleaseBrake(OperationRecord& record) {
  record.brake = false;
  record.brake_reason.clear();
  record.removals.clear();
}

absl::Status CountRemoval(OperationRecord& record, const GuestKey& guest,
                          const RemovalLimits& limits, absl::Time now) {
  const absl::Time start = now - absl::FromChrono(limits.window);
  if (IsCounted(record, guest, start)) return absl::OkStatus();
  if (record.brake) return Held(record);
  // A time in the future is of a clock that was set back: it counts on.
  std::erase_if(record.removals, [&](const auto& removal) { return removal.time < start; });
  if (record.removals.size() >= limits.removals) {
    record.brake = true;
    record.brake_reason = std::to_string(record.removals.size()) + " removals within the window";
    return Held(record);
  }
  record.removals.push_back({guest, now});
  return absl::OkStatus();
}

}  // namespace innkeeper
