#pragma once

#include <mutex>
#include <string>

#include "coordinator/guests/home.h"

namespace innkeeper {

// Secrets as files of mode 0600, apart from the database, so that a backup of that holds no key.
// Names are lower-case words with '.', '_', '-' and '/' between ("ca/agents"). Thread-safe; blocks
// on the disk. FAILED_PRECONDITION from Read: others than the owner may read the file.
class FileVault final : public Vault {
 public:
  explicit FileVault(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<VaultEntry> Read(const std::string& name, const Call& call) override;
  absl::StatusOr<int64_t> Write(const std::string& name, const Secret& bytes, int64_t version,
                                const Call& call) override;
  absl::Status Remove(const std::string& name, int64_t version, const Call& call) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix,
                                                const Call& call) override;

 private:
  absl::StatusOr<VaultEntry> ReadLocked(const std::string& name) const;
  absl::Status CheckVersion(const std::string& name, int64_t version) const;
  const std::string folder_;
  std::mutex mutex_;
};

}  // namespace innkeeper
