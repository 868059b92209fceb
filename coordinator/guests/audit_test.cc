#include "coordinator/guests/audit.h"

#include <gtest/gtest.h>

#include "coordinator/guests/testing/guest_world.h"

namespace innkeeper {
namespace {

const GuestKey kWeb{"lab", "web"};
const Fqdn kWebName{"web.lab.example.test"};

class AuditTest : public testing::Test {
 protected:
  AuditReport Run() { return world_.controller().audit().Run(GuestWorld::AnyCall()).value(); }
  AuditReport Adopt() { return world_.controller().audit().Adopt(GuestWorld::AnyCall()).value(); }
  void PutHost(const std::string& name, const std::string& user_class, bool keytab = false) {
    HostRecord host;
    host.fqdn = {name};
    host.user_classes = {user_class};
    host.has_keytab = keytab;
    world_.ipa.directory().PutHost(std::move(host));
  }
  GuestWorld world_;
};

TEST_F(AuditTest, FindsNothingWhereAllIsWell) {
  world_.AddVm("web");
  world_.Settle();
  const AuditReport report = Run();
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.hosts_seen, 1u);
  EXPECT_EQ(report.guests_seen, 1u);
}

TEST_F(AuditTest, FindsBothWays) {
  world_.AddVm("web");
  world_.AddVm("db");
  world_.AddVm("app");
  world_.Settle();
  world_.ipa.directory().EraseHost(kWebName);
  PutHost("db.lab.example.test", "somebody else's");
  PutHost("app.lab.example.test", "innkeeper:c1:lab/other:uid-9");
  PutHost("lost.example.test", "innkeeper:c1:lab/lost:uid-7", true);
  PutHost("half.example.test", "innkeeper:c1:deleting:lab/half:uid-8:t0");
  PutHost("theirs.example.test", "innkeeper:c2:lab/theirs:uid-6");
  std::map<std::string, FindingKind> found;
  for (const Finding& finding : Run().findings) found[finding.fqdn.text] = finding.kind;
  EXPECT_EQ(found, (std::map<std::string, FindingKind>{
                       {"web.lab.example.test", FindingKind::kGuestWithoutHost},
                       {"db.lab.example.test", FindingKind::kHostNotOurs},
                       {"app.lab.example.test", FindingKind::kTagDiffers},
                       {"lost.example.test", FindingKind::kHostWithoutGuest},
                       {"half.example.test", FindingKind::kDeletingLeft}}));
}

TEST_F(AuditTest, AdoptsOurOwnAndTouchesNothingElse) {
  PutHost("lost.example.test", "innkeeper:c1:lab/lost:uid-7", true);
  PutHost("half.example.test", "innkeeper:c1:deleting:lab/half:uid-8:t0");
  PutHost("theirs.example.test", "innkeeper:c2:lab/theirs:uid-6");
  const size_t hosts = world_.ipa.directory().host_count();
  EXPECT_TRUE(Adopt().findings.empty());
  EXPECT_EQ(world_.ipa.directory().host_count(), hosts);
  EXPECT_EQ(world_.ipa.Find({"theirs.example.test"})->user_classes.front(),
            "innkeeper:c2:lab/theirs:uid-6");
  const std::optional<Guest> lost = world_.Find({"lab", "lost"});
  ASSERT_TRUE(lost.has_value());
  EXPECT_EQ(lost->uid.text, "uid-7");
  EXPECT_EQ(lost->status.fqdn.text, "lost.example.test");
  world_.Pass(std::chrono::hours(2), std::chrono::minutes(1));
  EXPECT_EQ(world_.PhaseOf({"lab", "lost"}), Phase::kMissing) << "its VM is not there: kept";
  EXPECT_EQ(world_.ipa.directory().host_count(), hosts);
}

TEST_F(AuditTest, AThousandOrphansAreAllFound) {
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    PutHost("vm" + n + ".example.test", "innkeeper:c1:lab/vm" + n + ":uid-" + n);
  }
  EXPECT_EQ(Run().findings.size(), 1000u);
  EXPECT_TRUE(Adopt().findings.empty());
}

TEST_F(AuditTest, AListThatWasCutShortCallsNothingMissing) {
  world_.AddVm("web");
  world_.AddVm("db");
  world_.Settle();
  PutHost("lost.example.test", "innkeeper:c1:lab/lost:uid-7", true);
  world_.ipa.directory().LimitSearches(2);
  Audit& audit = world_.controller().audit();
  EXPECT_TRUE(absl::IsResourceExhausted(audit.Run(GuestWorld::AnyCall()).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(audit.Adopt(GuestWorld::AnyCall()).status()));
  EXPECT_FALSE(world_.Find({"lab", "lost"}).has_value()) << "adopted from half a list";
  size_t suspects = 0;
  const auto suspect = [&](const GuestKey&) { ++suspects; };
  EXPECT_TRUE(absl::IsResourceExhausted(audit.Sweep(suspect, GuestWorld::AnyCall())));
  EXPECT_EQ(suspects, 0u);
}

TEST_F(AuditTest, DoesNotAdoptWithoutLeadership) {
  world_.leadership.leads = false;
  EXPECT_FALSE(world_.controller().audit().Adopt(GuestWorld::AnyCall()).ok());
}

}  // namespace
}  // namespace innkeeper
