#pragma once
// Decodes the one JSON line that the guest's scripts leave (guest/README.md). Hostile bytes:
// capped, shape-checked, and only closed sets come out; texts are cleaned for people.

#include <string>

#include "base/status.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// What a join or a leave said.
struct ScriptOutcome {
  agent::v1::ResultClass result_class = agent::v1::RESULT_CLASS_UNSPECIFIED;
  bool running = false;  // the attempt is still under way in the guest
  std::string attempt;   // as the guest echoes it
  std::string detail;
  agent::v1::GuestProof proof;
};

// The last line of `output` that looks like JSON, at most 64 KiB of it. INVALID_ARGUMENT: there is
// none, or not of the shape.
absl::StatusOr<ScriptOutcome> DecodeScriptOutcome(const std::string& output);

// What a verification said; the class says what is wrong, if anything.
absl::StatusOr<ScriptOutcome> DecodeVerification(const std::string& output);

// One line for people out of a guest's bytes: printable, valid UTF-8, no bidirectional or control
// characters, at most `most` bytes.
std::string CleanGuestText(const std::string& text, size_t most);

}  // namespace innkeeper
