#include "coordinator/fleet/agent_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "coordinator/fleet/testing/test_messages.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

Refusal RefusalFor(const agent::v1::Domain& domain) {
  const auto decoded = DecodeDomain(domain, kNow);
  EXPECT_FALSE(decoded.ok());
  return RefusalOf(decoded.status());
}

TEST(DecodeDomain, TakesWhatAnAgentSays) {
  agent::v1::Domain domain = TestDomain(7);
  domain.mutable_wish()->set_enroll(agent::v1::Wish::ENROLL_YES);
  domain.mutable_wish()->set_fqdn("web.example.test");
  const auto report = DecodeDomain(domain, kNow);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->uid.text, TestUuid(7));
  EXPECT_EQ(report->name, "vm7");
  EXPECT_EQ(report->run, VmRun::kRunning);
  EXPECT_EQ(report->run_id, "boot.1.0");
  EXPECT_EQ(report->agent, VmAgent::kConnected);
  EXPECT_TRUE(report->persistent);
  EXPECT_EQ(report->wish, Wish::kYes);
  EXPECT_EQ(report->wish_fqdn, "web.example.test");
  EXPECT_FALSE(report->claims.has_value());
}

TEST(DecodeDomain, RefusesUuidsThatAreNone) {
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string(36, '-'), std::string(4000, 'a'),
        std::string("11111111-2222-3333-4444-55555555555G"),
        std::string("AAAAAAAA-2222-3333-4444-555555555555"),
        std::string("11111111-2222-3333-4444-555555555555 ")}) {
    agent::v1::Domain domain = TestDomain(1);
    domain.set_uuid(bad);
    EXPECT_EQ(RefusalFor(domain), Refusal::kBadUuid) << bad;
  }
}

TEST(DecodeDomain, RefusesNamesThatCannotBeAGuests) {
  for (const std::string& bad :
       {std::string(), std::string("a/b"), std::string("a\nb"), std::string("\x1b[31m"),
        std::string("a\xE2\x80\xAE"), std::string(256, 'a'), std::string("a\0b", 3)}) {
    agent::v1::Domain domain = TestDomain(1);
    domain.set_name(bad);
    EXPECT_EQ(RefusalFor(domain), Refusal::kBadName) << bad;
  }
}

TEST(DecodeDomain, RefusesRunIdsWithBlanksOrTooLong) {
  for (const std::string& bad : {std::string("a b"), std::string(129, 'a'), std::string("a\n")}) {
    agent::v1::Domain domain = TestDomain(1);
    domain.set_run_id(bad);
    EXPECT_EQ(RefusalFor(domain), Refusal::kBadField) << bad;
  }
}

TEST(DecodeDomain, ValuesOfANewerAgentMeanUnknown) {
  agent::v1::Domain domain = TestDomain(1);
  domain.set_run_state(static_cast<agent::v1::RunState>(77));
  domain.set_agent_channel(static_cast<agent::v1::AgentChannel>(77));
  domain.mutable_wish()->set_enroll(static_cast<agent::v1::Wish::Enroll>(77));
  const auto report = DecodeDomain(domain, kNow);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->run, VmRun::kUnknown);
  EXPECT_EQ(report->agent, VmAgent::kUnknown);
  EXPECT_EQ(report->wish, Wish::kUnset);
}

TEST(DecodeDomain, KeepsOnlyAddressesOnInterfacesThatTheHostGave) {
  agent::v1::Domain domain = TestDomain(1);
  domain.add_macs("52:54:00:00:00:01");
  const auto add = [&](const std::string& text, const std::string& mac, bool known) {
    agent::v1::Address& address = *domain.mutable_facts()->add_addresses();
    address.set_text(text);
    address.set_mac(mac);
    address.set_mac_known(known);
  };
  add("10.0.0.5", "52:54:00:00:00:01", true);
  add("2001:DB8:0::1", "52:54:00:00:00:01", true);
  add("10.0.0.6", "52:54:00:00:00:01", false);
  add("10.0.0.7", "52:54:00:00:00:99", true);
  add("not an address", "52:54:00:00:00:01", true);
  add(std::string(1000, '1'), "52:54:00:00:00:01", true);
  const auto report = DecodeDomain(domain, kNow);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->claims->addresses, ElementsAre("10.0.0.5", "2001:db8::1"));
}

TEST(DecodeDomain, CutsAndCleansWhatTheGuestClaims) {
  agent::v1::Domain domain = TestDomain(1);
  agent::v1::GuestFacts& facts = *domain.mutable_facts();
  facts.set_host_name("web\x1b[31m" + std::string(100'000, 'a'));
  std::string umlauts;
  for (int i = 0; i < 1000; ++i) umlauts += "ü";
  facts.set_os_name("x" + umlauts);
  facts.mutable_clock_skew()->set_seconds(INT64_MAX);
  facts.mutable_checked()->set_seconds(INT64_MAX);
  domain.add_macs("m");
  for (int i = 0; i < 1000; ++i) {
    agent::v1::Address& address = *facts.add_addresses();
    address.set_text("10.0.0.1");
    address.set_mac("m");
    address.set_mac_known(true);
  }
  const auto report = DecodeDomain(domain, kNow);
  ASSERT_TRUE(report.ok());
  EXPECT_LE(report->claims->host_name.size(), 256u);
  EXPECT_EQ(report->claims->host_name.find('\x1b'), std::string::npos);
  EXPECT_LE(report->claims->os_name.size(), 256u);
  EXPECT_TRUE(IsUtf8(report->claims->os_name));
  EXPECT_THAT(report->claims->addresses, SizeIs(kMostAddresses));
  EXPECT_EQ(report->claims->checked, kNow);
  EXPECT_LT(report->claims->clock_skew, absl::InfiniteDuration());
}

TEST(DecodeHello, NeedsAnEpochAndOrderIdsWithinCaps) {
  EXPECT_TRUE(DecodeHello(HelloMessage(1, {"join-1"}).hello()).ok());
  EXPECT_FALSE(DecodeHello(HelloMessage(0).hello()).ok());
  EXPECT_FALSE(DecodeHello(HelloMessage(1, {"a b"}).hello()).ok());
  EXPECT_FALSE(DecodeHello(HelloMessage(1, {""}).hello()).ok());
  EXPECT_FALSE(
      DecodeHello(HelloMessage(1, std::vector<std::string>(kMostOpenOrders + 1, "a")).hello())
          .ok());
}

TEST(DecodeGone, AnUnknownReasonIsNoWitness) {
  agent::v1::AgentMessage message = GoneMessage(1, 1, agent::v1::DomainGone::WHY_UNDEFINED);
  EXPECT_EQ(DecodeGone(message.delta().gone())->why, GoneWhy::kUndefined);
  for (const int why : {0, 4, 77}) {
    message = GoneMessage(1, 1, static_cast<agent::v1::DomainGone::Why>(why));
    EXPECT_EQ(DecodeGone(message.delta().gone())->why, GoneWhy::kVanished) << why;
  }
}

TEST(DecodeResult, EveryClassOfTheWireIsOneOfTheCore) {
  for (int i = agent::v1::RESULT_CLASS_OK; i <= agent::v1::RESULT_CLASS_INTERNAL; ++i) {
    const auto message = ResultMessage("o", 1, static_cast<agent::v1::ResultClass>(i));
    EXPECT_EQ(static_cast<int>(DecodeResult(message.result())->result), i - 1);
  }
  for (const int i : {0, 99, -1}) {
    const auto message = ResultMessage("o", 1, static_cast<agent::v1::ResultClass>(i));
    EXPECT_EQ(DecodeResult(message.result())->result, JobResult::kInternal) << i;
  }
}

TEST(DecodeProgress, PhasesAreAClosedSet) {
  agent::v1::OrderProgress progress;
  progress.set_id("o");
  progress.set_phase("joining");
  EXPECT_EQ(DecodeProgress(progress)->phase, "joining");
  progress.set_phase("<script>");
  EXPECT_EQ(DecodeProgress(progress)->phase, "");
  progress.set_id("../o");
  EXPECT_FALSE(DecodeProgress(progress).ok());
}

TEST(EncodeJoin, PutsTheIssuingServerFirstAndMovesThePassword) {
  JoinJob job{.uid = {TestUuid(1)},
              .attempt = "join-1",
              .fqdn = {"web.example.test"},
              .password = Secret("hunter2"),
              .server = "b.example.test",
              .guest_pid = 0};
  const RealmFacts realm{
      "example.test", "EXAMPLE.TEST", {"a.example.test", "b.example.test"}, "CA"};
  agent::v1::Order order = EncodeJoin(job, realm, {});
  EXPECT_TRUE(job.password.empty());
  EXPECT_EQ(order.id(), "join-1");
  EXPECT_EQ(order.enroll().password(), "hunter2");
  EXPECT_THAT(order.enroll().servers(), ElementsAre("b.example.test", "a.example.test"));
  EXPECT_EQ(order.timeout().seconds(), 15 * 60);
  EXPECT_FALSE(order.enroll().begins_by_itself());
  WipePassword(order);
  EXPECT_THAT(order.enroll().password(), IsEmpty());
}

TEST(EncodeJoin, SaysThatTheGuestsBootMayBeginTheAttempt) {
  JoinJob job{.uid = {TestUuid(1)}, .attempt = "join-1", .fqdn = {"web.example.test"}};
  job.by_disk = true;
  EXPECT_TRUE(EncodeJoin(job, {}, {}).enroll().begins_by_itself());
}

}  // namespace
}  // namespace innkeeper
