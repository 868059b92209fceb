#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/api_client/api_client.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

// What every command gets: the options that stand before its name, and the way to the server.
struct CliContext {
  ApiOptions api{.server = "unix:/run/innkeeper/coordinator.sock"};
  std::string output = "table";
  std::string space;  // --namespace; empty: all, or whichever has the name
  std::string timeout = "10m";
  bool wait = false;
  bool watch = false;

  OutputFormat format() const;
  // Connects at the first use. The error is what the command should return.
  absl::StatusOr<ApiClient*> Client();

 private:
  std::unique_ptr<ApiClient> client_;
};

// How long one request may take.
inline constexpr Duration kRequestTimeout = std::chrono::seconds(30);

// Prints "innkeeper: MESSAGE" on stderr and returns the exit code of the status.
int Fail(const absl::Status& status);

// "web" or "namespace/web" to the guest's whole name. A bare name is looked for in --namespace,
// else in all of them; NOT_FOUND, or FAILED_PRECONDITION when several have it.
struct GuestName {
  std::string space, name;
  std::string Path() const { return "/v1/guests/" + PathSegment(space) + "/" + PathSegment(name); }
};
absl::StatusOr<GuestName> FindGuestName(CliContext& context, const std::string& text);

}  // namespace innkeeper
