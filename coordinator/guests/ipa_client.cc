#include "coordinator/guests/ipa_client.h"

#include <algorithm>

namespace innkeeper {
namespace {

constexpr char kOutcomeUnknown[] = "innkeeper/outcome-unknown";

}  // namespace

std::optional<OwnerTag> HostRecord::Owner() const {
  for (const std::string& value : user_classes) {
    if (std::optional<OwnerTag> tag = ParseOwnerTag(value)) return tag;
  }
  return std::nullopt;
}

bool CarriesSomeTag(const HostRecord& host) {
  return std::any_of(host.user_classes.begin(), host.user_classes.end(), LooksLikeOwnerTag);
}

bool OutcomeUnknown(const absl::Status& status) {
  return status.GetPayload(kOutcomeUnknown).has_value();
}

absl::Status WithOutcomeUnknown(absl::Status status) {
  if (!status.ok()) status.SetPayload(kOutcomeUnknown, absl::Cord());
  return status;
}

}  // namespace innkeeper
