#include "vm/guest_agent/qga_client.h"

#include <gtest/gtest.h>

#include <deque>

#include "nlohmann/json.hpp"
#include "vm/testing/fake_hypervisor.h"

namespace innkeeper {
namespace {

using enum AgentFailure;
using nlohmann::json;

Call Soon() { return Call::Within(std::chrono::seconds(20)); }

class QgaClientTest : public testing::Test {
 protected:
  QgaClientTest() {
    EXPECT_TRUE(hypervisor_.Start().ok());
    hypervisor_.Define(domain_);
    hypervisor_.Boot(id_);
    hypervisor_.ConnectAgent(id_);
    hypervisor_.SetAgentScript([this](const DomainId&, const std::string& command,
                                      const Call&) -> absl::StatusOr<std::string> {
      const json request = json::parse(command);
      asked_.push_back(request["execute"]);
      requests_.push_back(request);
      if (replies_.empty()) return AgentError(kUnresponsive, "no more replies");
      std::string reply = std::move(replies_.front());
      replies_.pop_front();
      return reply;
    });
  }
  void Reply(const json& value) { replies_.push_back(json{{"return", value}}.dump()); }
  void ReplyRaw(const std::string& text) { replies_.push_back(text); }
  void ReplyChunk(const std::string& base64, int count, bool end) {
    Reply({{"count", count}, {"buf-b64", base64}, {"eof", end}});
  }

  const DomainState domain_ = NewDomain("web");
  const DomainId id_ = domain_.id;
  FakeHypervisor hypervisor_;
  QgaClient client_{hypervisor_};
  std::deque<std::string> replies_;
  std::vector<std::string> asked_;
  std::vector<json> requests_;
};

json Inventory(bool others) {
  json list = json::array();
  for (const char* name : {"guest-ping", "guest-info", "guest-fsfreeze-status"}) {
    list.push_back({{"name", name}, {"enabled", true}});
  }
  for (const char* name : {"guest-exec", "guest-exec-status"}) {
    list.push_back({{"name", name}, {"enabled", others}});
  }
  return {{"version", "7.2"}, {"supported_commands", list}};
}

TEST_F(QgaClientTest, AbilitiesTakeOneQuestionWhenThawed) {
  Reply(Inventory(true));
  const auto abilities = client_.Abilities(id_, Soon());
  ASSERT_TRUE(abilities.ok()) << abilities.status();
  EXPECT_TRUE(abilities->exec);
  EXPECT_FALSE(abilities->frozen);
  EXPECT_EQ(asked_, std::vector<std::string>{"guest-info"});
}

TEST_F(QgaClientTest, AFrozenGuestKeepsTheAbilitiesItHadWhenThawed) {
  Reply(Inventory(true));
  ASSERT_TRUE(client_.Abilities(id_, Soon()).ok());
  Reply(Inventory(false));
  Reply("frozen");
  const auto frozen = client_.Abilities(id_, Soon());
  ASSERT_TRUE(frozen.ok()) << frozen.status();
  EXPECT_TRUE(frozen->frozen);
  EXPECT_TRUE(frozen->exec);
  client_.Forget(id_);
  Reply(Inventory(false));
  Reply("frozen");
  EXPECT_FALSE(client_.Abilities(id_, Soon())->exec);
}

TEST_F(QgaClientTest, AGuestThatForbidsEverythingIsNotTakenForFrozen) {
  Reply(Inventory(false));
  Reply("thawed");
  Reply(Inventory(false));
  const auto abilities = client_.Abilities(id_, Soon());
  ASSERT_TRUE(abilities.ok());
  EXPECT_FALSE(abilities->frozen);
  EXPECT_FALSE(abilities->exec);
}

TEST_F(QgaClientTest, AGuestThatThawsBetweenTheQuestionsIsAskedAgain) {
  Reply(Inventory(false));
  Reply("thawed");
  Reply(Inventory(true));
  EXPECT_TRUE(client_.Abilities(id_, Soon())->exec);
}

TEST_F(QgaClientTest, AFileIsReadTwiceAndClosed) {
  Reply(1000);
  ReplyChunk("aGVs", 3, false);
  ReplyChunk("bG8=", 2, true);
  Reply({{"position", 0}, {"eof", false}});
  ReplyChunk("aGVsbG8=", 5, true);
  Reply(json::object());
  const auto content = client_.ReadFile(id_, "/etc/x", 1000, Soon());
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(*content, "hello");
  EXPECT_EQ(asked_.back(), "guest-file-close");
  EXPECT_EQ(requests_.back()["arguments"]["handle"], 1000);
}

TEST_F(QgaClientTest, AFileThatChangesWhileReadIsAbortedAndClosed) {
  Reply(1000);
  ReplyChunk("aGVsbG8=", 5, true);
  Reply({{"position", 0}, {"eof", false}});
  ReplyChunk("aGVsbG9v", 6, true);
  Reply(json::object());
  EXPECT_EQ(client_.ReadFile(id_, "/etc/x", 1000, Soon()).status().code(),
            absl::StatusCode::kAborted);
  EXPECT_EQ(asked_.back(), "guest-file-close");
}

TEST_F(QgaClientTest, AFileBeyondTheCapIsRefusedAfterOneByteMoreAndClosed) {
  Reply(1000);
  ReplyChunk("aGVsbG8=", 5, false);
  Reply(json::object());
  const auto content = client_.ReadFile(id_, "/dev/zero", 4, Soon());
  EXPECT_TRUE(absl::IsResourceExhausted(content.status()));
  EXPECT_EQ(requests_[1]["arguments"]["count"], 5);
  EXPECT_EQ(asked_.back(), "guest-file-close");
}

TEST_F(QgaClientTest, ASilentGuestIsNotAskedToClose) {
  Reply(1000);
  EXPECT_EQ(FailureOf(client_.ReadFile(id_, "/etc/x", 1000, Soon()).status()), kUnresponsive);
  EXPECT_EQ(asked_.back(), "guest-file-read");
}

TEST_F(QgaClientTest, AGuestThatNeverEndsAFileMeetsTheCap) {
  hypervisor_.SetAgentScript([&](const DomainId&, const std::string& command, const Call&) {
    const json request = json::parse(command);
    asked_.push_back(request["execute"]);
    if (request["execute"] == "guest-file-open") return std::string(R"({"return":1})");
    if (request["execute"] == "guest-file-close") return std::string(R"({"return":{}})");
    return std::string(R"({"return":{"count":1,"buf-b64":"QQ==","eof":false}})");
  });
  EXPECT_TRUE(absl::IsResourceExhausted(client_.ReadFile(id_, "/f", 3000, Soon()).status()));
  EXPECT_EQ(asked_.size(), 3003u);
}

TEST_F(QgaClientTest, ACommandThatLibvirtWouldSwallowIsRefused) {
  EXPECT_EQ(
      FailureOf(
          client_.Start(id_, {"/bin/cat", {}, {}, Secret(std::string(100 * 1024, 'x'))}, Soon())
              .status()),
      kTooLarge);
  EXPECT_TRUE(asked_.empty());
  Reply({{"pid", 1}});
  EXPECT_TRUE(
      client_.Start(id_, {"/bin/cat", {}, {}, Secret(std::string(kInputCap, 'x'))}, Soon()).ok());
}

TEST_F(QgaClientTest, AwaitPollsUntilTheProgramEnds) {
  Reply({{"exited", false}});
  Reply({{"exited", false}});
  Reply({{"exited", true}, {"exitcode", 7}});
  int polls = 0;
  const auto exit = client_.Await(
      id_, 42, [&] { ++polls; }, Soon());
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->code, 7);
  EXPECT_EQ(polls, 3);
}

TEST_F(QgaClientTest, AwaitEndsWithItsCallerNotWithTheProgram) {
  hypervisor_.SetAgentScript([](const DomainId&, const std::string&, const Call&) {
    return std::string(R"({"return":{"exited":false}})");
  });
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      client_.Await(id_, 42, {}, Call::Within(std::chrono::milliseconds(120))).status()));
  std::stop_source stop;
  const auto exit = client_.Await(
      id_, 42, [&] { stop.request_stop(); },
      Call::Within(std::chrono::seconds(60), stop.get_token()));
  EXPECT_TRUE(absl::IsCancelled(exit.status()));
}

TEST_F(QgaClientTest, AFrozenAgentCostsNoMoreThanTheDeadline) {
  hypervisor_.Freeze(id_);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(client_.Ping(id_, Call::Within(std::chrono::milliseconds(100)))));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(QgaClientTest, HostileRepliesAreAFailureNeverAResult) {
  const std::pair<std::string, AgentFailure> kTable[] = {
      {std::string(10'000'000, 'x'), kTooLarge},
      {"{\"return\":{\"host-name\":\"" + std::string(900'000, 'x') + "\"}}", kBadAnswer},
      {"{\"return\":\"\xff\xff\"}", kBadAnswer},
      {R"({"return":{"host-name":"a"}}{"return":{}})", kBadAnswer},
      {std::string(500'000, '['), kBadAnswer},
      {"", kBadAnswer},
      {R"({"QMP":{}})", kBadAnswer},
  };
  for (const auto& [reply, failure] : kTable) {
    ReplyRaw(reply);
    EXPECT_EQ(FailureOf(client_.HostName(id_, Soon()).status()), failure) << reply.substr(0, 50);
    ReplyRaw(reply);
    EXPECT_EQ(FailureOf(client_.Start(id_, {"/bin/true", {}, {}, Secret()}, Soon()).status()),
              failure);
    ReplyRaw(reply);
    EXPECT_EQ(FailureOf(client_.ReadFile(id_, "/x", 10, Soon()).status()), failure);
  }
}

TEST_F(QgaClientTest, AnExtraReplyDoesNotBecomeTheNextCommandsResult) {
  Reply({{"pid", 4}});  // meant for an exec
  EXPECT_EQ(FailureOf(client_.HostName(id_, Soon()).status()), kBadAnswer);
  Reply(json::object());  // meant for a ping
  EXPECT_EQ(FailureOf(client_.Start(id_, {"/bin/true", {}, {}, Secret()}, Soon()).status()),
            kBadAnswer);
}

}  // namespace
}  // namespace innkeeper
