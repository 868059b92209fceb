#pragma once
// What an API server said when it refused, as its Status object has it; carried by the absl::Status
// that it became, and kept by Annotate.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace innkeeper {

struct KubeFailure {
  struct Cause {
    std::string reason, field, message;
  };
  int code = 0;                             // HTTP status
  std::string reason;                       // "Conflict", "Invalid", ...; may be empty
  std::string message;                      // the server's words, printable
  std::vector<Cause> causes;                // at most 16
  Duration retry_after = Duration::zero();  // asked for by the server; zero: not
};

// The error that kube_client.h promises for this answer. `doing` begins the message.
absl::Status KubeStatus(const KubeFailure& failure, const std::string& doing);

// What the server said, if this error came from an answer of it.
std::optional<KubeFailure> FindKubeFailure(const absl::Status& status);

// Reads an answer's body: a Status object, or any text of a proxy on the way. The HTTP status is
// the truth; at most 1 KiB of the message is kept.
KubeFailure ParseKubeFailure(int http_status, std::string_view body);

}  // namespace innkeeper
