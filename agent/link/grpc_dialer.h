#pragma once

#include <string>

#include "agent/link/link_stream.h"
#include "base/clock.h"

namespace innkeeper {

struct GrpcDialerOptions {
  std::string key_directory;  // of PublishKeyPair: read anew for each stream; ca.crt is the
                              // coordinator's authority, the only one that is trusted
  std::string server_name;    // expected in its certificate; empty: the endpoint's host
  Duration connect_timeout = std::chrono::seconds(10);
  Duration keepalive = std::chrono::seconds(20);  // not below what the coordinator allows, 10 s
};

// Each stream has a connection of its own, so that a renewed certificate is used by the next one.
LinkDialer MakeGrpcDialer(GrpcDialerOptions options);

}  // namespace innkeeper
