#include "coordinator/home/plain/rows.h"

#include <gtest/gtest.h>

#include "coordinator/guests/testing/full_guest.h"

namespace innkeeper {
namespace {

TEST(Rows, AStatusSurvivesARoundTrip) {
  for (const GuestStatus& status : {FullStatus(), GuestStatus{}}) {
    const absl::StatusOr<GuestStatus> back = DecodeStatus(EncodeStatus(status));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, status);
  }
}

TEST(Rows, ASpecSurvivesARoundTrip) {
  for (const IdentitySpec& spec : {FullSpec(), IdentitySpec{}}) {
    const absl::StatusOr<IdentitySpec> back = DecodeSpec(EncodeSpec(spec));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, spec);
  }
}

TEST(Rows, APlacementSurvivesARoundTrip) {
  PlacementRow row;
  row.placement = {{"a"}, {{"b"}, {"c"}}, VmPresence::kMissing, true};
  row.key = {"lab", "web"};
  row.presence_since = absl::FromUnixNanos(42);
  row.persistent = false;
  row.wish = Wish::kYes;
  const absl::StatusOr<PlacementRow> back = DecodePlacement(EncodePlacement(row));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(EncodePlacement(*back), EncodePlacement(row));
  EXPECT_EQ(back->placement.claimants.size(), 2u);
}

TEST(Rows, UnknownFieldsAreToleratedAndWrongOnesAreNot) {
  EXPECT_TRUE(DecodeStatus(R"({"phase":"Enrolled","from_the_future":{"a":[1]}})").ok());
  for (const char* json :
       {"", "[]", "null", "{", R"({"phase":"Nonsense"})", R"({"phase":1})", R"({"failures":"x"})",
        R"({"failures":99999999999})", R"({"host_groups":[1]})", R"({"host_groups":{}})",
        R"({"attempt":[]})", R"({"attempt":{"id":1}})", R"({"conditions":[]})",
        R"({"conditions":{"X":{}}})", R"({"conditions":{"Enrolled":{"reason":"Nonsense"}}})",
        R"({"phase_times":{"Enrolled":"x"}})"}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeStatus(json).status())) << json;
  }
}

TEST(Rows, BytesThatAreNoTextDoNotBreakARow) {
  IdentitySpec spec;
  spec.host_class =
      "a\xff\xfe"
      "b";
  EXPECT_TRUE(DecodeSpec(EncodeSpec(spec)).ok());
}

}  // namespace
}  // namespace innkeeper
