#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

// The token we show to the API server. One from a file rotates (a pod's every 48 minutes or so), so
// the file is read again from time to time. Thread-safe.
class BearerToken {
 public:
  // Both empty: no token. The clock outlives it.
  BearerToken(std::string file, std::shared_ptr<const Secret> fixed, const Clock& clock)
      : file_(std::move(file)), token_(std::move(fixed)), clock_(clock) {}

  // Null: none. At most a minute old; when the file cannot be read, the last one that could.
  // FAILED_PRECONDITION: it never could. Blocks on the disk.
  absl::StatusOr<std::shared_ptr<const Secret>> Current();

  // The server did not accept it: the next Current reads the file. False: there is none to read.
  bool Doubt();

 private:
  const std::string file_;
  std::mutex mutex_;
  std::shared_ptr<const Secret> token_;
  MonotonicTime read_at_{};
  bool fresh_ = false;
  const Clock& clock_;
};

}  // namespace innkeeper
