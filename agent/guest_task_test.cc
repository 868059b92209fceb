#include "agent/guest_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "proto/time.h"
#include "vm/testing/fake_guest_agent.h"

namespace innkeeper {
namespace {

using agent::v1::ResultClass;
using testing::HasSubstr;
using testing::Not;

const DomainId kWeb{"11111111-1111-4111-8111-111111111111"};
constexpr char kPassword[] = "one-time(*)password";

// What stands behind the script.
std::string ParametersOf(const GuestCommand& command) {
  const std::string input(command.input.Reveal());
  return input.substr(input.rfind("#--innkeeper-parameters--"));
}

std::string Joined(const std::string& attempt) {
  return R"({"attempt":")" + attempt +
         R"(","result":"joined","class":"ok","principal":"host/web@X","kvno":1})";
}

class GuestTaskTest : public testing::Test {
 protected:
  GuestTaskTest() {
    clock_.Jump(absl::Now() - clock_.Now());  // the fake guests' clocks tell the real time
    FakeGuest guest;
    guest.run = [this](const GuestCommand& command) -> absl::StatusOr<GuestExit> {
      inputs_.push_back(ParametersOf(command));
      arguments_.push_back(command.arguments.back());
      GuestExit exit;
      exit.out = output_;
      return exit;
    };
    guests_.Add(kWeb, std::move(guest));
  }

  agent::v1::Order JoinOrder() {
    agent::v1::Order order;
    order.set_id("order1");
    order.set_domain_uuid(kWeb.uuid);
    *order.mutable_timeout() = ToProtoDuration(absl::Minutes(5));
    agent::v1::Enroll& enroll = *order.mutable_enroll();
    enroll.set_attempt("ab12");
    enroll.set_fqdn("web.example.test");
    enroll.set_domain("example.test");
    enroll.set_realm("EXAMPLE.TEST");
    enroll.add_servers("ipa.example.test");
    enroll.set_ca("PEM");
    enroll.set_password(kPassword);
    *enroll.mutable_clock_tolerance() = ToProtoDuration(absl::Minutes(4));
    enroll.set_may_set_clock(true);
    return order;
  }

  // Steps the task to its end, as a lane does, moving the clock over the pauses.
  agent::v1::OrderResult RunToEnd(GuestTask& task) {
    for (int i = 0; i < 1000 && !result_; ++i) {
      const Lanes::Next next = task.Step(Call::Within(std::chrono::seconds(30)));
      if (next.done) break;
      clock_.Advance(next.pause);
    }
    EXPECT_TRUE(result_);
    return result_.value_or(agent::v1::OrderResult());
  }
  agent::v1::OrderResult Run(agent::v1::Order order) {
    GuestTask task(std::move(order), guests_, clock_, Report());
    return RunToEnd(task);
  }
  TaskReport Report() {
    return {[this](const agent::v1::OrderProgress& p) { phases_.push_back(p.phase()); },
            [this](const agent::v1::OrderResult& r) { result_ = r; }};
  }

  FakeClock clock_;
  FakeGuestAgent guests_;
  std::string output_ = Joined("ab12");
  std::vector<std::string> inputs_, arguments_, phases_;
  std::optional<agent::v1::OrderResult> result_;
};

TEST_F(GuestTaskTest, AJoinRunsTheScriptOnceAndTellsWhatItSaid) {
  guests_.With(kWeb, [](FakeGuest& guest) { guest.polls_until_exit = 3; });
  const agent::v1::OrderResult result = Run(JoinOrder());
  EXPECT_EQ(result.result_class(), agent::v1::RESULT_CLASS_OK) << result.detail();
  EXPECT_EQ(result.proof().principal(), "host/web@X");
  EXPECT_EQ(inputs_.size(), 1u);
  EXPECT_THAT(phases_, testing::ElementsAre("inspecting", "clock", "preparing", "joining"));
}

// qemu-ga logs path and arguments in the guest; standard input it does not.
TEST_F(GuestTaskTest, ThePasswordGoesByStandardInputOnly) {
  Run(JoinOrder());
  EXPECT_THAT(inputs_[0], HasSubstr(std::string("password=") + kPassword + "\nend\n"));
  EXPECT_THAT(arguments_[0], Not(HasSubstr(kPassword)));
}

TEST_F(GuestTaskTest, AWrongClockIsSetBeforeThePasswordIsUsed) {
  guests_.With(kWeb, [](FakeGuest& guest) { guest.clock_error = absl::Hours(-3); });
  EXPECT_EQ(Run(JoinOrder()).result_class(), agent::v1::RESULT_CLASS_OK);
  guests_.With(kWeb, [](FakeGuest& guest) {
    EXPECT_LT(absl::AbsDuration(guest.clock_error), absl::Seconds(5));
  });
}

TEST_F(GuestTaskTest, AWrongClockThatMayNotBeSetEndsTheJoinWithThePasswordUnused) {
  guests_.With(kWeb, [](FakeGuest& guest) { guest.clock_error = absl::Hours(-3); });
  agent::v1::Order order = JoinOrder();
  order.mutable_enroll()->set_may_set_clock(false);
  EXPECT_EQ(Run(std::move(order)).result_class(), agent::v1::RESULT_CLASS_CLOCK_SKEW);
  EXPECT_TRUE(inputs_.empty());
}

TEST_F(GuestTaskTest, AGuestThatForbidsExecIsNamedAsSuch) {
  guests_.With(kWeb, [](FakeGuest& guest) { guest.abilities.exec = false; });
  EXPECT_EQ(Run(JoinOrder()).result_class(), agent::v1::RESULT_CLASS_EXEC_BLOCKED);
}

TEST_F(GuestTaskTest, AnAnswerThatWasLostIsAskedForWithoutAPassword) {
  GuestTask task(JoinOrder(), guests_, clock_, Report());
  while (inputs_.empty()) clock_.Advance(task.Step(Call::Within(std::chrono::seconds(30))).pause);
  guests_.LoseResults(kWeb);
  EXPECT_EQ(RunToEnd(task).result_class(), agent::v1::RESULT_CLASS_OK);
  ASSERT_EQ(inputs_.size(), 2u);
  EXPECT_THAT(inputs_[1], HasSubstr("resume=yes\n"));
  EXPECT_THAT(inputs_[1], Not(HasSubstr("password=")));
}

TEST_F(GuestTaskTest, AnOrderWithoutAPasswordOnlyAsks) {
  agent::v1::Order order = JoinOrder();
  order.mutable_enroll()->clear_password();
  output_ = R"({"attempt":"ab12","result":"failed","class":"attempt-unknown"})";
  EXPECT_EQ(Run(std::move(order)).result_class(), agent::v1::RESULT_CLASS_ATTEMPT_UNKNOWN);
  EXPECT_THAT(inputs_[0], HasSubstr("resume=yes\n"));
}

TEST_F(GuestTaskTest, AnAttemptThatTheGuestsBootBeginsIsOnlyLookedAt) {
  agent::v1::Order order = JoinOrder();
  order.mutable_enroll()->clear_password();
  order.mutable_enroll()->set_begins_by_itself(true);
  Run(std::move(order));
  EXPECT_THAT(inputs_[0], HasSubstr("resume=look\n"));
}

TEST_F(GuestTaskTest, AnAttemptThatStillRunsInTheGuestIsWaitedFor) {
  agent::v1::Order order = JoinOrder();
  order.mutable_enroll()->clear_password();
  int asked = 0;
  guests_.With(kWeb, [&](FakeGuest& guest) {
    guest.run = [&asked](const GuestCommand&) -> absl::StatusOr<GuestExit> {
      GuestExit exit;
      exit.out =
          ++asked < 3 ? R"({"attempt":"ab12","result":"running","class":"busy"})" : Joined("ab12");
      return exit;
    };
  });
  EXPECT_EQ(Run(std::move(order)).result_class(), agent::v1::RESULT_CLASS_OK);
  EXPECT_EQ(asked, 3);
}

// The number may belong to another program by now: the guest was restarted, or its agent was.
TEST_F(GuestTaskTest, AProgramOfAnEarlierAgentThatSpeaksOfSomethingElseLeadsToTheQuestion) {
  for (const std::string& said : {Joined("cd34"), std::string("no JSON\n")}) {
    result_.reset();
    inputs_.clear();
    output_ = said;
    GuestCommand other;
    other.path = "/bin/sh";
    other.arguments = {"-c", "true"};
    other.input = Secret(std::string("#--innkeeper-parameters--\n"));
    const absl::StatusOr<int64_t> pid =
        guests_.Start(kWeb, other, Call::Within(std::chrono::seconds(30)));
    ASSERT_TRUE(pid.ok()) << pid.status();
    output_ = Joined("ab12");
    agent::v1::Order order = JoinOrder();
    order.mutable_enroll()->clear_password();
    order.mutable_enroll()->mutable_cursor()->set_guest_pid(*pid);
    EXPECT_EQ(Run(std::move(order)).result_class(), agent::v1::RESULT_CLASS_OK) << said;
    EXPECT_THAT(inputs_.back(), HasSubstr("resume=yes\n"));
  }
}

TEST_F(GuestTaskTest, AnAnswerForAnotherAttemptIsNotBelieved) {
  output_ = Joined("cd34");
  EXPECT_EQ(Run(JoinOrder()).result_class(), agent::v1::RESULT_CLASS_BAD_ANSWER);
}

TEST_F(GuestTaskTest, GibberishIsABadAnswer) {
  output_ = "Segmentation fault\n";
  EXPECT_EQ(Run(JoinOrder()).result_class(), agent::v1::RESULT_CLASS_BAD_ANSWER);
}

TEST_F(GuestTaskTest, AnAgentThatGoesAwayWhileTheScriptRunsIsWaitedForUntilTheDeadline) {
  guests_.With(kWeb, [](FakeGuest& guest) { guest.polls_until_exit = 1000; });
  GuestTask task(JoinOrder(), guests_, clock_, Report());
  while (inputs_.empty()) clock_.Advance(task.Step(Call::Within(std::chrono::seconds(30))).pause);
  guests_.With(kWeb, [](FakeGuest& guest) { guest.failure = AgentFailure::kNotConnected; });
  EXPECT_EQ(RunToEnd(task).result_class(), agent::v1::RESULT_CLASS_DEADLINE);
}

TEST_F(GuestTaskTest, AStoppingAgentLeavesTheOrderOpenForTheNextOne) {
  GuestTask task(JoinOrder(), guests_, clock_, Report());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(task.Step(Call{MonotonicTime::max(), stop.get_token()}).done);
  EXPECT_FALSE(result_);
}

TEST_F(GuestTaskTest, ACancelledOrderEndsAtItsNextStep) {
  GuestTask task(JoinOrder(), guests_, clock_, Report());
  task.Cancel();
  EXPECT_EQ(RunToEnd(task).result_class(), agent::v1::RESULT_CLASS_CANCELLED);
}

}  // namespace
}  // namespace innkeeper
