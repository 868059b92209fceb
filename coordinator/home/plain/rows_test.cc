#include "coordinator/home/plain/rows.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

GuestStatus FullStatus() {
  const absl::Time time = absl::FromUnixNanos(1'800'000'000'123'456'789);
  GuestStatus status;
  status.phase = Phase::kJoining;
  status.fqdn = {"web.lab.example.test"};
  status.host_dn = "fqdn=web";
  status.keytab_since = time;
  status.password_generation = 12;
  status.enrolled_generation = 3;
  status.attempt = Attempt{"join-1", 12, 3, time, "run-1", "ipa1", true, 4242, true};
  status.failures = 2;
  status.next_try = time + absl::Seconds(1);
  status.setback = Setback{time, "run-1", 3, true};
  status.unsure_until = time + absl::Seconds(2);
  status.first_try = time;
  status.enroll_took = absl::Seconds(48);
  status.verified_run = "run-1";
  status.host_groups = {"web", "db"};
  status.node = {"host1"};
  status.conditions[ConditionType::kEnrolled] = {Truth::kFalse, Reason::kJoining, "x", time};
  status.conditions[ConditionType::kHostRegistered] = {Truth::kTrue, Reason::kAdopted, "", time};
  status.phase_times[Phase::kJoining] = time;
  status.leaving_since = time;
  status.disk_loaded = true;
  return status;
}

TEST(Rows, AStatusSurvivesARoundTrip) {
  for (const GuestStatus& status : {FullStatus(), GuestStatus{}}) {
    const absl::StatusOr<GuestStatus> back = DecodeStatus(EncodeStatus(status));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, status);
  }
}

TEST(Rows, ASpecSurvivesARoundTrip) {
  const IdentitySpec spec{Wish::kNo, "a.test", {"web"}, "tier1", 9};
  const absl::StatusOr<IdentitySpec> back = DecodeSpec(EncodeSpec(spec));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(EncodeSpec(*back), EncodeSpec(spec));
  EXPECT_EQ(back->generation, 9);
  EXPECT_EQ(back->enroll, Wish::kNo);
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

TEST(Rows, AnOperationSurvivesARoundTrip) {
  OperationRow row;
  row.paused = true;
  row.paused_by = "me";
  row.removals = {{{"lab", "web"}, absl::FromUnixNanos(7)}};
  const absl::StatusOr<OperationRow> back = DecodeOperation(EncodeOperation(row));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(EncodeOperation(*back), EncodeOperation(row));
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
  EXPECT_TRUE(absl::IsDataLoss(DecodeOperation(R"({"removals":[{"guest":"x"}]})").status()));
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
