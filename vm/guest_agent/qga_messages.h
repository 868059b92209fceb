#pragma once
// The guest agent's wire protocol (QEMU's qga/qapi-schema.json): requests out, replies in. Pure.
// Replies are hostile: decoders check the shape of what their own command answers, so that a reply
// meant for another command is kBadAnswer and never half a result.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/secret.h"
#include "base/status.h"
#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

inline constexpr size_t kInterfaceCap = 64;  // of a guest's list; the rest is cut off
inline constexpr size_t kAddressCap = 256;   // in all
inline constexpr size_t kOsTextCap = 256;    // bytes of one field of the system's description
inline constexpr size_t kHostNameCap = 255;  // bytes

// {"execute":NAME}
std::string PlainRequest(const std::string& command);
std::string SetTimeRequest(absl::Time time);
// The request holds the input in base64: a Secret.
Secret ExecRequest(const GuestCommand& command);
std::string ExecStatusRequest(int64_t pid);
std::string FileOpenRequest(const std::string& path);
std::string FileReadRequest(int64_t handle, size_t count);
std::string FileRewindRequest(int64_t handle);
std::string FileCloseRequest(int64_t handle);

// guest-info: what is enabled. `frozen` is left false; see OnlyFrozenCommands.
struct AgentInventory {
  GuestAgentAbilities abilities;
  // Nothing is enabled but what works while the file systems are frozen: either they are, or the
  // administrator forbade everything else. guest-fsfreeze-status tells.
  bool only_frozen_commands = false;
};
absl::StatusOr<AgentInventory> DecodeInventory(const std::string& reply);
absl::StatusOr<bool> DecodeFrozen(const std::string& reply);
absl::Status DecodeNothing(const std::string& reply);  // ping, set-time, close: an empty object
absl::StatusOr<GuestOs> DecodeOs(const std::string& reply);
absl::StatusOr<std::string> DecodeHostName(const std::string& reply);
// Without the loopback interface and without loopback and link-local addresses. Addresses are in
// canonical text form; a malformed address is skipped, a malformed list refused.
absl::StatusOr<GuestAddresses> DecodeAddresses(const std::string& reply);
absl::StatusOr<absl::Time> DecodeTime(const std::string& reply);
absl::StatusOr<int64_t> DecodePid(const std::string& reply);
absl::StatusOr<std::optional<GuestExit>> DecodeExit(const std::string& reply);
absl::StatusOr<int64_t> DecodeHandle(const std::string& reply);
struct FileChunk {
  std::string bytes;
  bool end = false;
};
// More than `asked` bytes, or a length that differs from the announced one: kBadAnswer.
absl::StatusOr<FileChunk> DecodeChunk(const std::string& reply, size_t asked);
// guest-file-seek: the new position.
absl::StatusOr<int64_t> DecodePosition(const std::string& reply);

}  // namespace innkeeper
