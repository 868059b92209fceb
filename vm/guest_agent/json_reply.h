#pragma once
// JSON from a guest: hostile. Everything is capped before or while it is parsed.

#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"

namespace innkeeper {

inline constexpr size_t kReplyCap = 1024 * 1024;       // bytes of one reply; libvirt carries 4 MiB
inline constexpr size_t kReplyDepthCap = 16;           // nested arrays and objects
inline constexpr size_t kReplyValueCap = 20'000;       // values, containers included
inline constexpr size_t kReplyTextCap = 64 * 1024;     // bytes of one string
inline constexpr size_t kReplyBase64Cap = 512 * 1024;  // of buf-b64, out-data, err-data

// The value of "return". An answer of the agent that it refused is the failure its text means (see
// agent_failure.h); anything else than one well-formed reply within the caps is kBadAnswer, a
// longer one kTooLarge.
absl::StatusOr<nlohmann::json> DecodeReply(const std::string& reply);

// Base64 of RFC 4648 in its one canonical form: whole alphabet, padded, nothing else. Else
// kBadAnswer.
absl::StatusOr<std::string> DecodeBase64(const std::string& text);

}  // namespace innkeeper
