#pragma once

#include <memory>
#include <string>

#include "coordinator/guests/home.h"

namespace innkeeper {

// Whoever holds the lock on the state directory leads, until the object goes. The kernel releases
// it with the process, however that ends. Thread-safe.
class StateLock final : public Leadership {
 public:
  // FAILED_PRECONDITION: another process has it (which one is said). Each success has a term of its
  // own, higher than any before in this directory. Blocks on the disk only.
  static absl::StatusOr<std::unique_ptr<StateLock>> Acquire(const std::string& state_dir);
  ~StateLock() override;

  bool Leads() const override { return true; }
  std::string Term() const override { return term_; }
  MonotonicTime WriteUntil() const override { return MonotonicTime::max(); }

 private:
  StateLock(int fd, std::string term) : fd_(fd), term_(std::move(term)) {}
  const int fd_;
  const std::string term_;
};

}  // namespace innkeeper
