#include "coordinator/ipa/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "base/testing/fake_clock.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// Answers what the test puts in, the last one for ever; counts the questions.
class FakeSrvLookup final : public SrvLookup {
 public:
  absl::StatusOr<SrvAnswer> Services(const std::string& name, const Call&) override {
    std::unique_lock lock(mutex_);
    EXPECT_EQ(name, "_ldap._tcp.example.test");
    ++asked_;
    absl::StatusOr<SrvAnswer> answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    changed_.notify_all();
    return answer;
  }
  absl::StatusOr<std::vector<std::string>> Addresses(const std::string& host,
                                                     const Call&) override {
    return std::vector<std::string>{"10.0.0." + std::to_string(host.size())};
  }
  void Push(absl::StatusOr<SrvAnswer> answer) {
    std::unique_lock lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  // The question after the N-th: what the N-th gave is in use by then.
  void AwaitQuestions(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<absl::StatusOr<SrvAnswer>> answers_;
  int asked_ = 0;
};

SrvAnswer Records(std::vector<SrvRecord> records, uint32_t ttl = 0) {
  return SrvAnswer{std::move(records), ttl};
}

class ServersTest : public testing::Test {
 protected:
  static Call InTime() { return Call::Within(std::chrono::seconds(20)); }
  static SrvServerList::Options Quick() {
    SrvServerList::Options options;
    options.domain = "example.test";
    options.least_ttl = std::chrono::milliseconds(1);
    options.retry = std::chrono::milliseconds(1);
    options.most_ttl = std::chrono::milliseconds(5);
    return options;
  }
  static std::vector<std::string> Names(SrvServerList& list) {
    std::vector<std::string> names;
    const auto order = list.Order(InTime());
    EXPECT_TRUE(order.ok()) << ToText(order.status());
    if (!order.ok()) return names;
    for (const ServerAddress& server : *order) names.push_back(server.name);
    return names;
  }

  FakeClock clock_;
  SystemRandom random_;
  FakeSrvLookup lookup_;
};

TEST_F(ServersTest, TakeTheOrderOfDnsAndThenTheStaticList) {
  lookup_.Push(Records({{"b.example.test", 389, 10, 0}, {"a.example.test", 389, 0, 0}}));
  SrvServerList::Options options = Quick();
  options.servers = {"c.example.test", "a.example.test"};
  SrvServerList list(options, lookup_, clock_, random_);
  lookup_.AwaitQuestions(2);
  EXPECT_THAT(Names(list), ElementsAre("a.example.test", "b.example.test", "c.example.test"));
}

TEST_F(ServersTest, NeedNoDnsForAStaticList) {
  SrvServerList::Options options;
  options.servers = {"a.example.test", "b.example.test"};
  SrvServerList list(options, lookup_, clock_, random_);
  EXPECT_THAT(Names(list), ElementsAre("a.example.test", "b.example.test"));
}

TEST_F(ServersTest, KeepTheLastGoodAnswerWhileDnsIsInTrouble) {
  lookup_.Push(Records({{"a.example.test", 389, 0, 0}}));
  lookup_.Push(absl::NotFoundError("NXDOMAIN"));
  lookup_.Push(absl::UnavailableError("SERVFAIL"));
  lookup_.Push(absl::UnavailableError("cut short"));
  lookup_.Push(Records({}));  // target "."
  SrvServerList list(Quick(), lookup_, clock_, random_);
  lookup_.AwaitQuestions(7);
  EXPECT_THAT(Names(list), ElementsAre("a.example.test"));
}

TEST_F(ServersTest, LearnNewServersWhenTheTtlIsOver) {
  lookup_.Push(Records({{"a.example.test", 389, 0, 0}}));
  lookup_.Push(Records({{"b.example.test", 389, 0, 0}}));
  SrvServerList list(Quick(), lookup_, clock_, random_);
  lookup_.AwaitQuestions(3);
  EXPECT_THAT(Names(list), ElementsAre("b.example.test"));
}

TEST_F(ServersTest, KeepTheDrawnOrderWhileTheRecordsStayTheSame) {
  std::vector<SrvRecord> records;
  for (char c = 'a'; c <= 'p'; ++c)
    records.push_back({std::string(1, c) + ".example.test", 389, 0, 100});
  lookup_.Push(Records(records));
  SrvServerList list(Quick(), lookup_, clock_, random_);
  const std::vector<std::string> first = Names(list);
  lookup_.AwaitQuestions(6);
  EXPECT_EQ(Names(list), first);
}

TEST_F(ServersTest, TryAServerThatFailedLastUntilItsRestIsOver) {
  SrvServerList::Options options;
  options.servers = {"a.example.test", "b.example.test"};
  SrvServerList list(options, lookup_, clock_, random_);
  list.ReportFailure("a.example.test");
  EXPECT_THAT(Names(list), ElementsAre("b.example.test", "a.example.test"));
  clock_.Advance(std::chrono::minutes(2));
  EXPECT_THAT(Names(list), ElementsAre("a.example.test", "b.example.test"));
  list.ReportFailure("a.example.test");
  list.ReportSuccess("a.example.test");
  EXPECT_THAT(Names(list), ElementsAre("a.example.test", "b.example.test"));
  list.ReportFailure("a.example.test");
  list.ReportFailure("b.example.test");
  EXPECT_THAT(Names(list), UnorderedElementsAre("a.example.test", "b.example.test"))
      << "better a doubtful server than none";
}

TEST_F(ServersTest, SayWhyThereIsNone) {
  lookup_.Push(absl::NotFoundError("NXDOMAIN"));
  SrvServerList list(Quick(), lookup_, clock_, random_);
  lookup_.AwaitQuestions(2);
  EXPECT_TRUE(absl::IsNotFound(list.Order(InTime()).status()));
}

TEST_F(ServersTest, LookUpAddressesWhereTheyAreAskedTo) {
  lookup_.Push(Records({{"a.example.test", 389, 0, 0}}));
  SrvServerList::Options options = Quick();
  options.look_up_addresses = true;
  SrvServerList list(options, lookup_, clock_, random_);
  const auto order = list.Order(InTime());
  ASSERT_TRUE(order.ok());
  EXPECT_THAT(order->at(0).addresses, ElementsAre("10.0.0.14"));
}

TEST_F(ServersTest, LookUpTheAddressesOfStaticServersEvenWithoutSrvRecords) {
  lookup_.Push(absl::NotFoundError("NXDOMAIN"));
  SrvServerList::Options options = Quick();
  options.servers = {"static.example.test"};
  options.look_up_addresses = true;
  SrvServerList list(options, lookup_, clock_, random_);
  const auto order = list.Order(InTime());
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order->at(0).name, "static.example.test");
  EXPECT_THAT(order->at(0).addresses, ElementsAre("10.0.0.19"));
}

}  // namespace
}  // namespace innkeeper
