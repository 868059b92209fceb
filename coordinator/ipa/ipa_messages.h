#pragma once
// The codec of FreeIPA's JSON-RPC: commands to bytes, replies to typed values. Pure. No JSON type
// leaves it, no exception either; replies are untrusted: capped, depth-checked, every shape
// verified. A reply can hold one-time passwords, so its bytes and everything parsed from them are
// zeroed.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.h"
#include "base/status.h"
#include "coordinator/ipa/ipa_errors.h"

namespace innkeeper {

// The API version our requests name: a server of the same major version accepts any minor one.
inline constexpr char kIpaApiVersion[] = "2.254";
// Calls per batch: one server worker runs them in order, so more would only block others longer.
inline constexpr size_t kMostCallsPerBatch = 50;

using IpaValue = std::variant<bool, int64_t, std::string, std::vector<std::string>>;
using IpaOptionMap = std::map<std::string, IpaValue>;

enum class IpaEffect { kReads, kWrites };

// A command, encoded and checked.
struct IpaCommand {
  std::string method;
  std::string params;  // "[[arguments],{options}]"
  IpaEffect effect = IpaEffect::kReads;
};
// INVALID_ARGUMENT: a text is not UTF-8, or holds a control character.
absl::StatusOr<IpaCommand> EncodeCommand(IpaEffect effect, const std::string& method,
                                         const std::vector<IpaValue>& arguments,
                                         const IpaOptionMap& options);

// The body of a request: the command itself, or one `batch` of several (2..kMostCallsPerBatch).
std::string EncodeRequest(const std::vector<const IpaCommand*>& commands, uint64_t id);

// One directory entry. Names are lower-case, values as text: booleans "TRUE" and "FALSE", dates as
// LDAP's generalised time, binary as base64. A one-time password is never among the attributes.
struct IpaEntry {
  std::map<std::string, std::vector<std::string>> attributes;
  Secret random_password;

  // The first value, or empty.
  std::string First(const std::string& name) const;
  const std::vector<std::string>& All(const std::string& name) const;
  bool IsTrue(const std::string& name) const { return First(name) == "TRUE"; }
};

// A member that a group command left out, and FreeIPA's reason.
struct IpaRefusal {
  std::string name, reason;
};

// What one command gave: an error, or the rest.
struct IpaAnswer {
  std::optional<IpaError> error;
  std::vector<IpaEntry> entries;  // one for show, add, mod; any number for find
  std::optional<bool> flag;       // `true` of host_disable and the like
  bool truncated = false;         // a find reached a limit
  std::string summary;
  std::vector<IpaRefusal> refused;  // of member commands
  std::vector<IpaError> warnings;
};

// A whole reply: an error of the request as such, or an answer per command in the same order.
struct IpaReply {
  std::optional<IpaError> error;
  std::vector<IpaAnswer> answers;
};

// Decodes the reply to EncodeRequest(`commands` of them, id) and zeroes `body`. INTERNAL: not JSON,
// deeper than 32, another id, or a shape no FreeIPA sends.
absl::StatusOr<IpaReply> DecodeReply(std::string& body, size_t commands, uint64_t id);

}  // namespace innkeeper
