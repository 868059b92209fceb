#include "coordinator/home/plain/cluster_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "base/random.h"
#include "coordinator/home/plain/files.h"

namespace innkeeper {
namespace {

constexpr size_t kLongest = 64;  // characters; a UUID has 36
constexpr size_t kRandomBytes = 8;

absl::Status Check(const std::string& id) {
  const bool word = !id.empty() && id.size() <= kLongest &&
                    std::all_of(id.begin(), id.end(),
                                [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-'; });
  if (word) return absl::OkStatus();
  return absl::InvalidArgumentError("a cluster id is 1 to 64 letters, digits and '-': '" + id +
                                    "'");
}

}  // namespace

absl::StatusOr<ClusterId> ClusterIdOf(const std::string& state_dir, const std::string& configured) {
  if (!configured.empty()) RETURN_IF_ERROR(Check(configured));
  const std::string path = state_dir + "/cluster-id";
  absl::StatusOr<std::string> stored = ReadSmallFile(path, 1024);
  if (absl::IsNotFound(stored.status())) {
    const std::string id = configured.empty() ? RandomHex(kRandomBytes) : configured;
    RETURN_IF_ERROR(MakeFolder(state_dir));
    RETURN_IF_ERROR(WriteFileAtomically(path, id + "\n"));
    return ClusterId{id};
  }
  RETURN_IF_ERROR(stored.status());
  const std::string id(absl::StripAsciiWhitespace(*stored));
  RETURN_IF_ERROR(Annotate(Check(id), path));
  if (!configured.empty() && configured != id)
    return absl::FailedPreconditionError(path + " says '" + id + "', the configuration '" +
                                         configured + "': hosts carry the former");
  return ClusterId{id};
}

}  // namespace innkeeper
