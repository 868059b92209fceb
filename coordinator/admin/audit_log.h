#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"

namespace innkeeper {

// Who did what: one JSON line each, appended and flushed to a file of its own (0600) that nothing
// else writes. A line that cannot be written goes to the log as an error and is counted; what it
// tells of is not undone by it. Thread-safe; blocks on the disk.
class AuditLog {
 public:
  // Opens for appending; made when missing. An empty path writes to the log instead.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path);
  ~AuditLog();

  struct Line {
    std::string who;      // "uid 0", "operator anna", "node host1", "join token"
    std::string address;  // of the peer
    std::string action;   // closed set: "guest.enroll", "token.create", ...
    std::string object;   // "lab/web"
    absl::Status outcome;
  };
  void Write(const Line& line);
  uint64_t lost() const;

 private:
  explicit AuditLog(int fd) : fd_(fd) {}
  mutable std::mutex mutex_;
  const int fd_;
  uint64_t lost_ = 0;
};

}  // namespace innkeeper
