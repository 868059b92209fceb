#pragma once
// What the commands share that ask the coordinator of this machine over its socket.

#include <functional>
#include <string>

#include "base/api_client/api_client.h"
#include "base/call.h"
#include "base/daemon.h"
#include "base/program.h"
#include "base/status.h"
#include "google/protobuf/timestamp.pb.h"

namespace innkeeper {

struct Remote {
  const ProgramOptions& program;
  int& exit_code;

  // Runs `ask` with a client of the configured socket and keeps the exit code; a failure is said on
  // standard error. Blocks for up to 30 s.
  void Run(const std::function<absl::Status(ApiClient&, const Call&)>& ask) const;
};

// In local time, for people.
std::string TimeText(const google::protobuf::Timestamp& time);

}  // namespace innkeeper
