#pragma once
// What a listening unix socket needs of the file system. Blocking, at start only.

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"

namespace innkeeper {

// Removes a socket file that nobody listens on. FAILED_PRECONDITION: somebody does, or it is no
// socket, or that cannot be told; the file is left as it is.
absl::Status RemoveStaleSocket(const std::string& path);

// Mode 0660 and, when not empty, the group. NOT_FOUND: no such group.
absl::Status SetSocketAccess(const std::string& path, const std::string& group);

// The user of the process that connected (SO_PEERCRED).
std::optional<uint32_t> PeerUid(int fd);

}  // namespace innkeeper
