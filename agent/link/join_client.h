#pragma once
// `innkeeper-agent join`: from a join token to a certificate.

#include <string>
#include <vector>

#include "base/call.h"
#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

// What joining taught the node; kept in joined.json beside the key pair, for the agent to read.
struct JoinRecord {
  std::string url;             // https://host:port: where it joined and renews
  std::string agent_endpoint;  // host:port of the gRPC port
  std::string node, space, cluster;
};

struct JoinRequestOptions {
  std::string url;        // https://host:port of the coordinator
  Secret token;           // "id.secret.cahash"
  std::string node;       // the name wished for: a DNS label
  std::string directory;  // for the key pair, of PublishKeyPair
  // Addresses to use instead of DNS, as in HttpClient::Options::resolve.
  std::vector<std::string> resolve;
};

// On OK the directory holds key (0600), certificate and the coordinator's authority, and
// joined.json. On failure nothing was written and the key that was made is gone. The token is sent
// only to the server whose authority it names. INVALID_ARGUMENT: not a whole token.
// PERMISSION_DENIED: another server, or its certificate does not hold for the host of `url`.
// UNAUTHENTICATED, ALREADY_EXISTS, RESOURCE_EXHAUSTED: the coordinator's words. Blocks.
absl::StatusOr<JoinRecord> JoinCoordinator(const JoinRequestOptions& options, const Call& call);

// NOT_FOUND: the node has not joined. DATA_LOSS: the file makes no sense.
absl::StatusOr<JoinRecord> LoadJoinRecord(const std::string& directory);

// The status of an error reply of the coordinator's HTTPS port; `what` is for the message.
absl::Status ReplyStatus(int http_status, const std::string& body, const std::string& what);

}  // namespace innkeeper
