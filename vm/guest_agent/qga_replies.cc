#include <array>
#include <set>
#include <string_view>

#include "base/text.h"
#include "vm/guest_agent/json_reply.h"
#include "vm/guest_agent/qga_messages.h"

namespace innkeeper {
namespace {

using nlohmann::json;

absl::Status BadAnswer(const std::string& why) { return AgentError(AgentFailure::kBadAnswer, why); }

absl::StatusOr<json> DecodeObject(const std::string& reply) {
  ASSIGN_OR_RETURN(json value, DecodeReply(reply));
  if (!value.is_object()) return BadAnswer("not an object");
  return value;
}

absl::StatusOr<int64_t> IntegerMember(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number_integer()) {
    return BadAnswer(std::string("no integer ") + name);
  }
  return member->get<int64_t>();
}

absl::StatusOr<bool> BoolMember(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_boolean()) {
    return BadAnswer(std::string("no boolean ") + name);
  }
  return member->get<bool>();
}

// Absent: empty. Present: a string.
absl::StatusOr<std::string> TextMember(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return std::string();
  if (!member->is_string()) return BadAnswer(std::string("not a string: ") + name);
  return member->get<std::string>();
}

absl::StatusOr<std::string> CleanMember(const json& object, const char* name, size_t cap) {
  ASSIGN_OR_RETURN(const std::string text, TextMember(object, name));
  return Printable(text.substr(0, cap));
}

bool WorksWhileFrozen(std::string_view command) {
  // qemu-ga: ga_freeze_allowlist.
  constexpr std::array<std::string_view, 6> kCommands = {"guest-ping",
                                                         "guest-info",
                                                         "guest-sync",
                                                         "guest-sync-delimited",
                                                         "guest-fsfreeze-status",
                                                         "guest-fsfreeze-thaw"};
  return std::find(kCommands.begin(), kCommands.end(), command) != kCommands.end();
}

absl::StatusOr<std::set<std::string>> EnabledCommands(const json& object) {
  const auto commands = object.find("supported_commands");
  if (commands == object.end() || !commands->is_array()) return BadAnswer("no list of commands");
  std::set<std::string> enabled;
  for (const json& command : *commands) {
    if (!command.is_object()) return BadAnswer("a command that is no object");
    ASSIGN_OR_RETURN(std::string name, TextMember(command, "name"));
    ASSIGN_OR_RETURN(const bool usable, BoolMember(command, "enabled"));
    if (usable) enabled.insert(std::move(name));
  }
  return enabled;
}

// Cut at kOutputCap. Sets `truncated` then, or when the guest says so in `truncated_name`.
absl::StatusOr<std::string> Output(const json& object, const char* name, const char* truncated_name,
                                   bool& truncated) {
  ASSIGN_OR_RETURN(const std::string text, TextMember(object, name));
  ASSIGN_OR_RETURN(std::string bytes, DecodeBase64(text));
  if (object.contains(truncated_name)) {
    ASSIGN_OR_RETURN(const bool said, BoolMember(object, truncated_name));
    truncated |= said;
  }
  if (bytes.size() > kOutputCap) {
    bytes.resize(kOutputCap);
    truncated = true;
  }
  return bytes;
}

}  // namespace

absl::StatusOr<AgentInventory> DecodeInventory(const std::string& reply) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  ASSIGN_OR_RETURN(const std::set<std::string> enabled, EnabledCommands(object));
  AgentInventory inventory;
  ASSIGN_OR_RETURN(inventory.abilities.version, CleanMember(object, "version", 64));
  const auto all = [&](std::initializer_list<const char*> names) {
    return std::all_of(names.begin(), names.end(),
                       [&](const char* name) { return enabled.contains(name); });
  };
  inventory.abilities.exec = all({"guest-exec", "guest-exec-status"});
  inventory.abilities.file_read =
      all({"guest-file-open", "guest-file-read", "guest-file-seek", "guest-file-close"});
  inventory.abilities.set_time = all({"guest-set-time"});
  inventory.only_frozen_commands = std::all_of(enabled.begin(), enabled.end(),
                                               [](const auto& c) { return WorksWhileFrozen(c); });
  return inventory;
}

absl::StatusOr<bool> DecodeFrozen(const std::string& reply) {
  ASSIGN_OR_RETURN(const json value, DecodeReply(reply));
  if (value == "frozen") return true;
  if (value == "thawed") return false;
  return BadAnswer("neither frozen nor thawed");
}

absl::Status DecodeNothing(const std::string& reply) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  return object.empty() ? absl::OkStatus() : BadAnswer("more than was asked for");
}

absl::StatusOr<GuestOs> DecodeOs(const std::string& reply) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  GuestOs os;
  ASSIGN_OR_RETURN(os.id, CleanMember(object, "id", kOsTextCap));
  ASSIGN_OR_RETURN(os.name, CleanMember(object, "pretty-name", kOsTextCap));
  if (os.name.empty()) {
    ASSIGN_OR_RETURN(os.name, CleanMember(object, "name", kOsTextCap));
  }
  ASSIGN_OR_RETURN(os.version_id, CleanMember(object, "version-id", kOsTextCap));
  ASSIGN_OR_RETURN(os.kernel, CleanMember(object, "kernel-release", kOsTextCap));
  return os;
}

absl::StatusOr<std::string> DecodeHostName(const std::string& reply) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  if (!object.contains("host-name")) return BadAnswer("no host-name");
  return CleanMember(object, "host-name", kHostNameCap);
}

absl::StatusOr<absl::Time> DecodeTime(const std::string& reply) {
  ASSIGN_OR_RETURN(const json value, DecodeReply(reply));
  if (!value.is_number_integer()) return BadAnswer("not a time");
  return absl::FromUnixNanos(value.get<int64_t>());
}

absl::StatusOr<int64_t> DecodePid(const std::string& reply) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  ASSIGN_OR_RETURN(const int64_t pid, IntegerMember(object, "pid"));
  if (pid <= 0) return BadAnswer("not a pid");
  return pid;
}

absl::StatusOr<std::optional<GuestExit>> DecodeExit(const std::string& reply) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  ASSIGN_OR_RETURN(const bool exited, BoolMember(object, "exited"));
  if (!exited) return std::nullopt;
  GuestExit exit;
  exit.by_signal = object.contains("signal");
  if (exit.by_signal == object.contains("exitcode")) return BadAnswer("no exit code, or two");
  ASSIGN_OR_RETURN(const int64_t code,
                   IntegerMember(object, exit.by_signal ? "signal" : "exitcode"));
  // Windows has 32-bit exit codes, as signed or unsigned numbers.
  if (code < INT32_MIN || code > UINT32_MAX) return BadAnswer("no exit code");
  exit.code = static_cast<int>(code);
  ASSIGN_OR_RETURN(exit.out, Output(object, "out-data", "out-truncated", exit.truncated));
  ASSIGN_OR_RETURN(exit.err, Output(object, "err-data", "err-truncated", exit.truncated));
  return exit;
}

absl::StatusOr<int64_t> DecodeHandle(const std::string& reply) {
  ASSIGN_OR_RETURN(const json value, DecodeReply(reply));
  if (!value.is_number_integer()) return BadAnswer("not a handle");
  return value.get<int64_t>();
}

absl::StatusOr<FileChunk> DecodeChunk(const std::string& reply, size_t asked) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  FileChunk chunk;
  ASSIGN_OR_RETURN(const int64_t count, IntegerMember(object, "count"));
  ASSIGN_OR_RETURN(const std::string text, TextMember(object, "buf-b64"));
  ASSIGN_OR_RETURN(chunk.bytes, DecodeBase64(text));
  ASSIGN_OR_RETURN(chunk.end, BoolMember(object, "eof"));
  if (count < 0 || static_cast<size_t>(count) != chunk.bytes.size() || chunk.bytes.size() > asked) {
    return BadAnswer("a chunk of another length than said");
  }
  // A read that gives nothing and is not at the end would go on for ever.
  if (chunk.bytes.empty() && !chunk.end) return BadAnswer("an empty chunk");
  return chunk;
}

absl::StatusOr<int64_t> DecodePosition(const std::string& reply) {
  ASSIGN_OR_RETURN(const json object, DecodeObject(reply));
  return IntegerMember(object, "position");
}

}  // namespace innkeeper
