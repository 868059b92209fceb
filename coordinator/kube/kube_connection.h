#pragma once

#include <memory>
#include <string>

#include "base/http_client/http_client.h"
#include "coordinator/kube/kube_access.h"

namespace innkeeper {

// What the URL of every request to this server begins with.
std::string KubeBaseUrl(const KubeAccess& access);

// A pool of connections to it. INVALID_ARGUMENT: the access makes no client. Never blocks.
absl::StatusOr<std::unique_ptr<HttpClient>> ConnectKube(const KubeAccess& access,
                                                        size_t connections, size_t reply_cap);

}  // namespace innkeeper
