#pragma once
// `innkeeper-coordinator ipa check`: does the account have each right it needs, and none that would
// let it harm a host that is not this cluster's? Proven by doing, on a temporary host that is
// created and removed; what must not be possible is tried where a success would do no harm.

#include <string>
#include <vector>

#include "base/call.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/ipa/dispatcher.h"

namespace innkeeper {

struct RightCheck {
  enum class Result { kGood, kBad, kSkipped } result = Result::kGood;
  std::string what;    // "may give a host a new one-time password"
  std::string detail;  // of the others
};

struct CheckOptions {
  ClusterId cluster;
  std::string domain;        // the temporary host's
  std::string foreign_host;  // one that is not ours, e.g. the FreeIPA server itself
  std::vector<std::string> host_groups;
};

// One line per right, in order. After a failure that makes the rest meaningless those are kSkipped.
// `client` and `account` are logged in as the account in question. UNAVAILABLE and its like: no
// answer about the rights. The temporary host is removed unless even that is refused; then its name
// is in the line. Blocks.
absl::StatusOr<std::vector<RightCheck>> CheckRights(IpaClient& client, IpaDispatcher& account,
                                                    const CheckOptions& options, const Call& call);

}  // namespace innkeeper
