#pragma once
// Small files of the state directory, written so that a reader sees the old or the new one, also
// after the machine went down. All block on the disk.

#include <string>

#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

// NOT_FOUND; RESOURCE_EXHAUSTED for more than `most` bytes.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t most = 1 << 20);

// Mode 0600, through a file beside it, fsync and rename. RESOURCE_EXHAUSTED: the disk is full; the
// old file is as it was.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes);

// Removes and makes it durable. NOT_FOUND.
absl::Status RemoveFile(const std::string& path);

// The folder and those above it, mode 0700 when made here.
absl::Status MakeFolder(const std::string& path);

}  // namespace innkeeper
