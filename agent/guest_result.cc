#include "agent/guest_result.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace innkeeper {
namespace {

using agent::v1::ResultClass;
using nlohmann::json;

constexpr size_t kLineCap = 64 * 1024;
constexpr size_t kDetailCap = 300;

constexpr std::array<std::pair<std::string_view, ResultClass>, 24> kClasses{{
    {"ok", agent::v1::RESULT_CLASS_OK},
    {"already", agent::v1::RESULT_CLASS_ALREADY},
    {"busy", agent::v1::RESULT_CLASS_BUSY},
    {"unsupported-os", agent::v1::RESULT_CLASS_UNSUPPORTED_OS},
    {"package-missing", agent::v1::RESULT_CLASS_PACKAGE_MISSING},
    {"package-install-failed", agent::v1::RESULT_CLASS_PACKAGE_INSTALL_FAILED},
    {"network", agent::v1::RESULT_CLASS_NETWORK},
    {"dns", agent::v1::RESULT_CLASS_DNS},
    {"config", agent::v1::RESULT_CLASS_CONFIG},
    {"ca", agent::v1::RESULT_CLASS_CA},
    {"otp-rejected", agent::v1::RESULT_CLASS_OTP_REJECTED},
    {"already-enrolled", agent::v1::RESULT_CLASS_ALREADY_ENROLLED},
    {"host-missing", agent::v1::RESULT_CLASS_HOST_MISSING},
    {"clock-skew", agent::v1::RESULT_CLASS_CLOCK_SKEW},
    {"kdc", agent::v1::RESULT_CLASS_KDC},
    {"replica-lag", agent::v1::RESULT_CLASS_REPLICA_LAG},
    {"foreign-principal", agent::v1::RESULT_CLASS_FOREIGN_PRINCIPAL},
    {"stale-key", agent::v1::RESULT_CLASS_STALE_KEY},
    {"not-joined", agent::v1::RESULT_CLASS_NOT_JOINED},
    {"sssd", agent::v1::RESULT_CLASS_SSSD},
    {"rolled-back", agent::v1::RESULT_CLASS_ROLLED_BACK},
    {"interrupted", agent::v1::RESULT_CLASS_INTERRUPTED},
    {"attempt-unknown", agent::v1::RESULT_CLASS_ATTEMPT_UNKNOWN},
    {"internal", agent::v1::RESULT_CLASS_INTERNAL},
}};

ResultClass ParseClass(const std::string& text) {
  for (const auto& [name, value] : kClasses) {
    if (text == name) return value;
  }
  // "bad-parameters" is our own bug; an unknown word comes from a newer script.
  return agent::v1::RESULT_CLASS_INTERNAL;
}

// The last line that starts with '{': programs in the guest may print before it.
absl::StatusOr<json> LastObject(const std::string& output) {
  const size_t start = output.rfind("\n{");
  std::string line = start == std::string::npos ? output : output.substr(start + 1);
  line = line.substr(0, line.find('\n'));
  if (line.empty() || line.front() != '{') {
    return absl::InvalidArgumentError("the guest's script left no result line");
  }
  if (line.size() > kLineCap) return absl::InvalidArgumentError("the result line is too long");
  json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return absl::InvalidArgumentError("the result line is not JSON");
  return object;
}

std::string Text(const json& object, const char* key, size_t most) {
  const auto place = object.find(key);
  if (place == object.end() || !place->is_string()) return "";
  return CleanGuestText(place->get_ref<const std::string&>(), most);
}

bool Flag(const json& object, const char* key) {
  const auto place = object.find(key);
  return place != object.end() && place->is_boolean() && place->get<bool>();
}

int64_t Number(const json& object, const char* key) {
  const auto place = object.find(key);
  return place != object.end() && place->is_number_integer() ? place->get<int64_t>() : 0;
}

}  // namespace

std::string CleanGuestText(const std::string& text, size_t most) {
  return Printable(text.substr(0, most));
}

absl::StatusOr<ScriptOutcome> DecodeScriptOutcome(const std::string& output) {
  ASSIGN_OR_RETURN(const json object, LastObject(output));
  ScriptOutcome outcome;
  const std::string result = Text(object, "result", 32);
  if (result.empty()) return absl::InvalidArgumentError("the result line has no result");
  outcome.running = result == "running";
  outcome.result_class = ParseClass(Text(object, "class", 64));
  outcome.attempt = Text(object, "attempt", 64);
  outcome.detail = Text(object, "detail", kDetailCap);
  outcome.proof.set_principal(Text(object, "principal", 512));
  outcome.proof.set_kvno(Number(object, "kvno"));
  outcome.proof.set_sssd(Flag(object, "sssd"));
  outcome.proof.set_foreign_moved(Flag(object, "foreign_moved"));
  outcome.proof.set_family(Text(object, "family", 32));
  const bool joined = outcome.result_class == agent::v1::RESULT_CLASS_OK ||
                      outcome.result_class == agent::v1::RESULT_CLASS_ALREADY;
  outcome.proof.set_kinit(joined && !outcome.proof.principal().empty());
  return outcome;
}

absl::StatusOr<ScriptOutcome> DecodeVerification(const std::string& output) {
  ASSIGN_OR_RETURN(const json object, LastObject(output));
  ScriptOutcome outcome;
  const std::string word = Text(object, "class", 64);
  if (word.empty()) return absl::InvalidArgumentError("the verification has no class");
  outcome.result_class = ParseClass(word);
  outcome.detail = Text(object, "detail", kDetailCap);
  outcome.proof.set_principal(Text(object, "principal", 512));
  outcome.proof.set_kvno(Number(object, "kvno"));
  outcome.proof.set_kinit(Text(object, "kinit", 32) == "ok");
  outcome.proof.set_sssd(Flag(object, "sssd"));
  outcome.proof.set_lookup(Flag(object, "lookup"));
  outcome.proof.set_machine_id(Text(object, "machine_id", 64));
  outcome.proof.set_boot_id(Text(object, "boot_id", 64));
  return outcome;
}

}  // namespace innkeeper
