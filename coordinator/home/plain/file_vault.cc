#include "coordinator/home/plain/file_vault.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "coordinator/home/plain/files.h"

namespace innkeeper {
namespace {

constexpr size_t kLongestName = 200;     // bytes; a file name has 255
constexpr size_t kLargest = 256 * 1024;  // bytes; a CA bundle with its key has a few thousand

// Nothing that leaves the folder, hides in it, or looks like a file half written.
bool IsName(const std::string& name) {
  if (name.empty() || name.size() > kLongestName) return false;
  char before = '/';
  for (const char c : name) {
    const bool word = absl::ascii_islower(static_cast<unsigned char>(c)) ||
                      absl::ascii_isdigit(static_cast<unsigned char>(c));
    const bool between = c == '.' || c == '_' || c == '-' || c == '/';
    const bool after_word = before != '/' && before != '.';
    if (!word && !(between && after_word)) return false;
    before = c;
  }
  return before != '/' && before != '.' && name.find(".new-") == std::string::npos;
}

absl::Status CheckName(const std::string& name) {
  if (IsName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError("not a name of the vault: '" + name + "'");
}

absl::Status Conflict(const std::string& name) {
  return absl::AbortedError("vault: " + name + " was changed meanwhile");
}

}  // namespace

// First line: the version; the rest is the secret.
absl::StatusOr<VaultEntry> FileVault::ReadLocked(const std::string& name) const {
  const std::string path = folder_ + "/" + name;
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 077) != 0)
    return absl::FailedPreconditionError(path + " may be read by others: make it mode 0600");
  ASSIGN_OR_RETURN(std::string file, ReadSmallFile(path, kLargest + 32));
  const size_t newline = file.find('\n');
  VaultEntry entry;
  const bool good = newline != std::string::npos &&
                    absl::SimpleAtoi(file.substr(0, newline), &entry.version) && entry.version > 0;
  if (good) entry.bytes = Secret(file.substr(newline + 1));
  WipeString(file);
  if (!good) return absl::DataLossError(path + " is damaged");
  return entry;
}

absl::Status FileVault::CheckVersion(const std::string& name, int64_t version) const {
  const absl::StatusOr<VaultEntry> now = ReadLocked(name);
  if (absl::IsNotFound(now.status())) return version == 0 ? absl::OkStatus() : Conflict(name);
  RETURN_IF_ERROR(now.status());
  return now->version == version ? absl::OkStatus() : Conflict(name);
}

absl::StatusOr<VaultEntry> FileVault::Read(const std::string& name, const Call& call) {
  RETURN_IF_ERROR(call.Check("read from the vault"));
  RETURN_IF_ERROR(CheckName(name));
  const std::scoped_lock lock(mutex_);
  return ReadLocked(name);
}

absl::StatusOr<int64_t> FileVault::Write(const std::string& name, const Secret& bytes,
                                         int64_t version, const Call& call) {
  RETURN_IF_ERROR(call.Check("write to the vault"));
  RETURN_IF_ERROR(CheckName(name));
  if (bytes.Reveal().size() > kLargest) return absl::InvalidArgumentError("too large a secret");
  const std::scoped_lock lock(mutex_);
  RETURN_IF_ERROR(CheckVersion(name, version));
  const std::string path = folder_ + "/" + name;
  RETURN_IF_ERROR(MakeFolder(path.substr(0, path.rfind('/'))));
  std::string file = std::to_string(version + 1) + "\n";
  // Grown before the secret comes in: growing later would leave a copy behind.
  file.reserve(file.size() + bytes.Reveal().size());
  file += bytes.Reveal();
  const absl::Status written = WriteFileAtomically(path, file);
  WipeString(file);
  RETURN_IF_ERROR(written);
  return version + 1;
}

absl::Status FileVault::Remove(const std::string& name, int64_t version, const Call& call) {
  RETURN_IF_ERROR(call.Check("remove from the vault"));
  RETURN_IF_ERROR(CheckName(name));
  const std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(const VaultEntry now, ReadLocked(name));
  if (now.version != version) return Conflict(name);
  return RemoveFile(folder_ + "/" + name);
}

absl::StatusOr<std::vector<std::string>> FileVault::List(const std::string& prefix,
                                                         const Call& call) {
  RETURN_IF_ERROR(call.Check("list the vault"));
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const std::string name = it->path().lexically_relative(folder_).string();
    if (IsName(name) && name.compare(0, prefix.size(), prefix) == 0) names.push_back(name);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return ErrnoStatus(error.value(), "list " + folder_);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace innkeeper
