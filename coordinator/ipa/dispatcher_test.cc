#include "coordinator/ipa/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <semaphore>
#include <thread>

#include "base/testing/fake_clock.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/ipa/host_commands.h"
#include "coordinator/ipa/testing/scripted_ipa.h"

namespace innkeeper {
namespace {

using testing::Each;
using testing::Gt;
using testing::Le;

// How many commands a request holds.
size_t CallsIn(const HttpRequest& request) {
  const auto body = nlohmann::json::parse(request.body);
  return body.at("method") == "batch" ? body.at("params").at(0).at(0).size() : 1;
}

class DispatcherTest : public testing::Test {
 protected:
  using Intercept = std::optional<absl::StatusOr<HttpReply>>;

  // host_show answers its host, host_mod a password; "poison" is chosen by the test.
  static ScriptedIpa::Result Answer(const std::string& method, const std::string& params) {
    const std::string name = nlohmann::json::parse(params).at(0).at(0).get<std::string>();
    if (name.starts_with("missing")) return {"", 4001, "NotFound", name + ": host not found", ""};
    return {HostJson(name, method == "host_mod" ? R"(,"randompassword":"pw-)" + name + '"' : "")};
  }
  static IpaCommand Show(const std::string& name) { return *ShowHostCommand(Fqdn{name}); }
  static IpaCommand Issue(const std::string& name) { return *IssuePasswordCommand(Fqdn{name}); }
  static Call InTime() { return Call::Within(std::chrono::seconds(30)); }

  std::vector<size_t> BatchSizes() const {
    std::vector<size_t> sizes;
    for (const HttpRequest& request : http_.Requests("/session/json"))
      sizes.push_back(CallsIn(request));
    return sizes;
  }
  // Both lanes stand in a request until the gate opens.
  void CloseGate() {
    ipa_.intercept = [this](const HttpRequest& request, const Call&) -> Intercept {
      if (request.url.ends_with("/session/json") && gated_) {
        ++inside_;
        inside_.notify_all();
        gate_.acquire();
      }
      return std::nullopt;
    };
    gated_ = true;
  }
  void OpenGate() {
    gated_ = false;
    gate_.release(64);
  }
  void AwaitInside(int requests) {
    for (int seen = inside_; seen < requests; seen = inside_) inside_.wait(seen);
  }
  // One command in each lane, so that all later ones wait.
  void OccupyBothLanes() {
    CloseGate();
    for (int i = 1; i <= 2; ++i) {
      occupants_.emplace_back(
          [this] { static_cast<void>(dispatcher_.Run(Show("busy.example.test"), InTime())); });
      AwaitInside(i);
    }
  }

  FakeClock clock_;
  prometheus::Registry registry_;
  IpaMetrics metrics_{registry_};
  LoginBrake brake_{clock_};
  PasswordAccount account_{"svc", Secret("pw")};
  ScriptedIpa ipa_{&Answer};
  FakeHttpClient http_{ipa_.answer()};
  IpaSession session_{"ipa.example.test", "", http_,
                      LoginParts{&account_, nullptr, &brake_, &metrics_}};
  std::atomic<bool> gated_ = false;
  std::atomic<int> inside_ = 0;
  std::counting_semaphore<1024> gate_{0};
  IpaDispatcher dispatcher_{session_, metrics_};
  std::vector<std::jthread> occupants_;
};

TEST_F(DispatcherTest, SendsALoneCommandAtOnceAndAlone) {
  const absl::StatusOr<IpaAnswer> answer = dispatcher_.Run(Show("a.example.test"), InTime());
  ASSERT_TRUE(answer.ok()) << ToText(answer.status());
  EXPECT_EQ(answer->entries.at(0).First("fqdn"), "a.example.test");
  EXPECT_THAT(BatchSizes(), testing::ElementsAre(1u));
}

TEST_F(DispatcherTest, GathersWhatWaitsIntoBatchesAndGivesEachCallerItsOwnAnswer) {
  OccupyBothLanes();
  std::vector<IpaCommand> commands;
  for (int i = 0; i < 120; ++i) commands.push_back(Show("h" + std::to_string(i) + ".example.test"));
  std::jthread opener([this] {
    // RunAll queues everything before it waits, and nothing moves before the gate opens.
    while (dispatcher_.waiting() < 120) std::this_thread::yield();
    OpenGate();
  });
  const auto answers = dispatcher_.RunAll(std::move(commands), InTime());
  ASSERT_EQ(answers.size(), 120u);
  for (size_t i = 0; i < 120; ++i) {
    ASSERT_TRUE(answers[i].ok());
    EXPECT_EQ(answers[i]->entries.at(0).First("fqdn"), "h" + std::to_string(i) + ".example.test");
  }
  std::vector<size_t> sizes = BatchSizes();
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), size_t{0}), 122u);
  EXPECT_THAT(sizes, Each(Le(kMostCallsPerBatch)));
  EXPECT_LE(sizes.size(), 10u) << "two alone, and the rest in few";
}

TEST_F(DispatcherTest, LeavesTheOtherLaneItsShareOfWhatWaits) {
  OccupyBothLanes();
  std::vector<IpaCommand> commands;
  for (int i = 0; i < 40; ++i) commands.push_back(Show("h.example.test"));
  std::jthread caller([&] { dispatcher_.RunAll(std::move(commands), InTime()); });
  while (dispatcher_.waiting() < 40) std::this_thread::yield();
  gate_.release(1);  // one of the two lanes comes back
  AwaitInside(3);
  EXPECT_EQ(BatchSizes().back(), 21u) << "half of 40 waiting and 1 under way";
  EXPECT_EQ(dispatcher_.waiting(), 19u);
  OpenGate();
}

TEST_F(DispatcherTest, FailsOneCommandOfABatchAndNotItsNeighbours) {
  std::vector<IpaCommand> commands;
  for (const char* name : {"a.example.test", "missing.example.test", "b.example.test"})
    commands.push_back(Show(name));
  const auto answers = dispatcher_.RunAll(std::move(commands), InTime());
  EXPECT_FALSE(answers[0]->error.has_value());
  EXPECT_EQ(answers[1]->error->code, 4001);
  EXPECT_FALSE(answers[2]->error.has_value());
}

TEST_F(DispatcherTest, HasAtMostTwoRequestsInFlight) {
  OccupyBothLanes();
  std::vector<std::jthread> callers;
  for (int i = 0; i < 20; ++i)
    callers.emplace_back(
        [this] { static_cast<void>(dispatcher_.Run(Show("a.example.test"), InTime())); });
  while (dispatcher_.waiting() < 20) std::this_thread::yield();
  EXPECT_EQ(http_.Requests("/session/json").size(), 2u);
  OpenGate();
}

TEST_F(DispatcherTest, LetsACallerLeaveAtItsDeadlineAndTellsWhetherItsWriteWasSent) {
  CloseGate();
  const Call brief = Call::Within(std::chrono::milliseconds(50));
  const absl::Status sent = dispatcher_.Run(Issue("a.example.test"), brief).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(sent));
  EXPECT_TRUE(OutcomeUnknown(sent));
  const Call brief_read = Call::Within(std::chrono::milliseconds(50));
  const absl::Status read = dispatcher_.Run(Show("a.example.test"), brief_read).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(read));
  EXPECT_FALSE(OutcomeUnknown(read)) << "a read has no outcome to be unknown";
  AwaitInside(2);
  const Call brief_queued = Call::Within(std::chrono::milliseconds(50));
  const absl::Status queued = dispatcher_.Run(Issue("b.example.test"), brief_queued).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(queued));
  EXPECT_FALSE(OutcomeUnknown(queued)) << "both lanes are busy: it was never sent";
  OpenGate();
}

TEST_F(DispatcherTest, LeavesWhenItsCallerIsStopped) {
  CloseGate();
  std::stop_source stop;
  std::jthread stopper([&] {
    AwaitInside(1);
    stop.request_stop();
  });
  const absl::Status stopped =
      dispatcher_
          .Run(Issue("a.example.test"), Call::Within(std::chrono::seconds(30), stop.get_token()))
          .status();
  EXPECT_TRUE(absl::IsCancelled(stopped));
  EXPECT_TRUE(OutcomeUnknown(stopped));
  OpenGate();
}

// A command that makes the server answer 500 whenever it is among the others.
TEST_F(DispatcherTest, IsolatesACommandThatBreaksTheServer) {
  ipa_.intercept = [](const HttpRequest& request, const Call&) -> Intercept {
    if (request.body.find("poison") != std::string::npos) return ServerError(500);
    return std::nullopt;
  };
  std::vector<IpaCommand> commands;
  for (int i = 0; i < 30; ++i)
    commands.push_back(Show(i == 7 ? "poison.example.test" : "h.example.test"));
  const auto answers = dispatcher_.RunAll(std::move(commands), InTime());
  for (size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(answers[i].ok(), i != 7) << i << ToText(answers[i].status());
}

TEST_F(DispatcherTest, DoesNotRepeatWritesOfABatchThatMayHaveRun) {
  ipa_.intercept = [](const HttpRequest& request, const Call&) -> Intercept {
    if (request.body.find("\"batch\"") != std::string::npos) return ServerError(500);
    return std::nullopt;
  };
  std::vector<IpaCommand> commands;
  for (int i = 0; i < 10; ++i) commands.push_back(Issue("h.example.test"));
  const auto answers = dispatcher_.RunAll(std::move(commands), InTime());
  size_t unknown = 0;
  for (const auto& answer : answers) {
    if (answer.ok()) continue;
    EXPECT_TRUE(OutcomeUnknown(answer.status()));
    ++unknown;
  }
  EXPECT_THAT(unknown, Gt(0u));
  size_t runs = 0;
  for (const size_t size : BatchSizes()) runs += size;
  EXPECT_EQ(runs, 10u) << "each write was sent exactly once";
}

TEST_F(DispatcherTest, SendsABatchOnePieceAtATimeAfterTheServerRefusedItAsAWhole) {
  ipa_.intercept = [](const HttpRequest& request, const Call&) -> Intercept {
    if (request.body.find("\"batch\"") == std::string::npos) return std::nullopt;
    const auto id = nlohmann::json::parse(request.body).at("id").dump();
    return IpaJson(
        R"({"result":null,"error":{"code":909,"name":"JSONError","message":"no"},"id":)" + id +
        "}");
  };
  std::vector<IpaCommand> commands;
  for (int i = 0; i < 10; ++i) commands.push_back(Issue("h.example.test"));
  for (const auto& answer : dispatcher_.RunAll(std::move(commands), InTime()))
    EXPECT_TRUE(answer.ok()) << "nothing of a refused request ran: " << ToText(answer.status());
}

TEST_F(DispatcherTest, LogsInAgainWhenAReplyItselfSaysThatTheLoginIsDead) {
  int replies = 0;
  ipa_.intercept = [&](const HttpRequest& request, const Call&) -> Intercept {
    if (!request.url.ends_with("/session/json") || replies++ > 0) return std::nullopt;
    const auto id = nlohmann::json::parse(request.body).at("id").dump();
    return IpaJson(
        R"({"result":null,"error":{"code":1101,"name":"CCacheError","message":"gone"},"id":)" + id +
        "}");
  };
  EXPECT_TRUE(dispatcher_.Run(Issue("a.example.test"), InTime()).ok());
  EXPECT_EQ(ipa_.logins(), 2);
}

TEST_F(DispatcherTest, FailsAnAnswerThatMakesNoSenseWithoutLosingTheNextOne) {
  int replies = 0;
  ipa_.intercept = [&](const HttpRequest& request, const Call&) -> Intercept {
    if (!request.url.ends_with("/session/json") || replies++ > 0) return std::nullopt;
    return IpaJson("{\"result\":[");
  };
  const absl::Status nonsense = dispatcher_.Run(Issue("a.example.test"), InTime()).status();
  EXPECT_TRUE(absl::IsInternal(nonsense));
  EXPECT_TRUE(OutcomeUnknown(nonsense));
  EXPECT_TRUE(dispatcher_.Run(Show("a.example.test"), InTime()).ok());
}

TEST(DispatcherShutdown, DoesNotWaitForARequestThatHangs) {
  FakeClock clock;
  prometheus::Registry registry;
  IpaMetrics metrics(registry);
  LoginBrake brake(clock);
  PasswordAccount account{"svc", Secret("pw")};
  std::binary_semaphore inside(0);
  FakeHttpClient http([&](const HttpRequest&, const Call& call) -> absl::StatusOr<HttpReply> {
    inside.release();
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_until(lock, call.stop, call.deadline, [] { return false; });
    return absl::CancelledError("stopped");
  });
  IpaSession session("ipa.example.test", "", http, LoginParts{&account, nullptr, &brake, &metrics});
  auto dispatcher = std::make_unique<IpaDispatcher>(session, metrics);
  std::stop_source stop;
  std::jthread stopper([&] {
    inside.acquire();
    stop.request_stop();
  });
  const Call call = Call::Within(std::chrono::seconds(100), stop.get_token());
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(
      absl::IsCancelled(dispatcher->Run(*ShowHostCommand(Fqdn{"a.example.test"}), call).status()));
  dispatcher.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(50));
}

}  // namespace
}  // namespace innkeeper
