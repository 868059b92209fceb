#pragma once
// Mounts that this process and its children see, and nobody else on the machine.

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "base/status.h"

namespace innkeeper {

// A mount namespace of its own for this process: as root, or as anybody where users may have
// namespaces. Call it before the first thread.
inline absl::Status EnterPrivateMounts() {
  const uid_t uid = getuid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
      return ErrnoStatus(errno, "neither root nor user namespaces are there");
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return ErrnoStatus(errno, "make mounts private");
  return absl::OkStatus();
}

// A disk of so many bytes at `folder`, in memory.
inline absl::Status MountSmallDisk(const std::string& folder, size_t bytes) {
  const std::string options = "size=" + std::to_string(bytes) + ",mode=0700";
  if (mount("none", folder.c_str(), "tmpfs", 0, options.c_str()) != 0)
    return ErrnoStatus(errno, "mount a small disk");
  return absl::OkStatus();
}

// `folder`, with all that is in it, read-only from now on.
inline absl::Status MakeReadOnly(const std::string& folder) {
  if (mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
      mount(nullptr, folder.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0)
    return ErrnoStatus(errno, "make read-only");
  return absl::OkStatus();
}

inline void Unmount(const std::string& folder) { umount2(folder.c_str(), MNT_DETACH); }

}  // namespace innkeeper
