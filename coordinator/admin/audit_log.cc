#include "coordinator/admin/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/text.h"

namespace innkeeper {

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path) {
  if (path.empty()) return std::unique_ptr<AuditLog>(new AuditLog(-1));
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, "audit log " + path);
  return std::unique_ptr<AuditLog>(new AuditLog(fd));
}

AuditLog::~AuditLog() {
  if (fd_ >= 0) close(fd_);
}

void AuditLog::Write(const Line& line) {
  if (fd_ < 0) {
    return LogInfo("audit", {{"who", line.who},
                             {"address", line.address},
                             {"action", line.action},
                             {"object", line.object},
                             {"outcome", line.outcome}});
  }
  nlohmann::ordered_json json;
  json["ts"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  json["who"] = Printable(line.who);
  json["address"] = line.address;
  json["action"] = line.action;
  json["object"] = Printable(line.object);
  json["outcome"] = Printable(ToText(line.outcome));
  const std::string text = json.dump() + "\n";
  std::scoped_lock lock(mutex_);
  // O_APPEND: one write is one line, also beside a rotation.
  if (write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  ++lost_;
  LogError("audit line lost", {{"err", ErrnoStatus(errno, "write")}, {"line", text}});
}

uint64_t AuditLog::lost() const {
  std::scoped_lock lock(mutex_);
  return lost_;
}

}  // namespace innkeeper
