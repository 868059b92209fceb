#pragma once
// The JSON columns of the database: spec and status of a guest, a placement.
// Encoders and decoders are exact inverses. Unknown fields are tolerated (an older program reads a
// newer one's rows of the same schema); a wrong type or an unknown name is DATA_LOSS, never a
// guess.

#include <string>

#include "coordinator/guests/guest.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/placement.h"

namespace innkeeper {

std::string EncodeSpec(const IdentitySpec& spec);
absl::StatusOr<IdentitySpec> DecodeSpec(const std::string& json);

std::string EncodeStatus(const GuestStatus& status);
absl::StatusOr<GuestStatus> DecodeStatus(const std::string& json);

// What must be known of a VM after a restart.
struct PlacementRow {
  Placement placement;
  GuestKey key;
  absl::Time presence_since;
  bool persistent = true;
  Wish wish = Wish::kUnset;
  std::string wish_fqdn;
};
std::string EncodePlacement(const PlacementRow& row);
absl::StatusOr<PlacementRow> DecodePlacement(const std::string& json);

}  // namespace innkeeper
