#include "coordinator/guests/guest_index.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

const GuestKey kWeb{"lab", "web"}, kDb{"lab", "db"}, kOther{"prod", "web"};

Guest MakeGuest(const GuestKey& key, const std::string& fqdn, Phase phase = Phase::kEnrolled) {
  Guest guest;
  guest.key = key;
  guest.status.fqdn = {fqdn};
  guest.status.phase = phase;
  guest.version = 7;
  return guest;
}

TEST(GuestIndex, ANameIsClaimedByOneGuest) {
  GuestIndex index;
  EXPECT_FALSE(index.Claim(kWeb, {"a.test"}, -1).has_value());
  EXPECT_FALSE(index.Claim(kWeb, {"a.test"}, -1).has_value()) << "its own";
  EXPECT_EQ(index.Claim(kDb, {"a.test"}, -1)->reason, Reason::kNameTaken);
  index.Erase(kWeb);
  EXPECT_FALSE(index.Claim(kDb, {"a.test"}, -1).has_value());
}

TEST(GuestIndex, AQuotaIsANamespaces) {
  GuestIndex index;
  EXPECT_FALSE(index.Claim(kWeb, {"a.test"}, 1).has_value());
  EXPECT_EQ(index.Claim(kDb, {"b.test"}, 1)->reason, Reason::kQuotaExceeded);
  EXPECT_FALSE(index.Claim(kOther, {"c.test"}, 1).has_value());
  EXPECT_FALSE(index.Claim(kWeb, {"a.test"}, 0).has_value()) << "what is there stays";
}

TEST(GuestIndex, AForgottenIdentityFreesNameAndQuota) {
  GuestIndex index;
  index.Set(MakeGuest(kWeb, "a.test"));
  index.Set(MakeGuest(kWeb, "", Phase::kNotEnrolled));
  EXPECT_FALSE(index.Claim(kDb, {"a.test"}, 1).has_value());
}

TEST(GuestIndex, CountsByPhase) {
  GuestIndex index;
  index.Set(MakeGuest(kWeb, "a.test"));
  index.Set(MakeGuest(kDb, "b.test"));
  EXPECT_EQ(index.CountByPhase()[Phase::kEnrolled], 2u);
  index.Set(MakeGuest(kDb, "b.test", Phase::kFailed));
  index.Erase(kWeb);
  EXPECT_EQ(index.CountByPhase()[Phase::kEnrolled], 0u);
  EXPECT_EQ(index.CountByPhase()[Phase::kFailed], 1u);
  EXPECT_EQ(index.Keys(), std::vector<GuestKey>{kDb});
  EXPECT_EQ(index.VersionOf(kDb), 7);
  EXPECT_EQ(index.VersionOf(kWeb), 0);
}

}  // namespace
}  // namespace innkeeper
