// SRV questions over real sockets, to DNS servers with every kind of trouble.

#include <gmock/gmock.h>

#include "base/random.h"
#include "coordinator/ipa/servers.h"
#include "coordinator/ipa/testing/dns_reply.h"
#include "coordinator/ipa/testing/dns_server.h"

namespace innkeeper {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr char kName[] = "_ldap._tcp.example.test";

absl::StatusOr<SrvAnswer> Ask(const std::string& servers) {
  const auto lookup = MakeAresSrvLookup(servers);
  if (!lookup.ok()) return lookup.status();
  return (*lookup)->Services(kName, Call::Within(seconds(30)));
}

DnsReply Good(const DnsQuestion& question, uint32_t ttl = 300) {
  DnsReply reply(kName, question.id);
  reply.Srv(ttl, 0, 100, 389, "ipa1.example.test");
  return reply;
}
std::vector<std::string> SayGood(const DnsQuestion& question) { return {Good(question).bytes()}; }

DnsServer::Handler SayCode(int code) {
  return [code](const DnsQuestion& question) {
    DnsReply reply(kName, question.id);
    reply.Code(code);
    return std::vector<std::string>{reply.bytes()};
  };
}

TEST(SrvQuestion, IsAnswered) {
  DnsServer dns(SayGood);
  const auto answer = Ask(dns.address());
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->records.size(), 1u);
  EXPECT_EQ(answer->records[0].target, "ipa1.example.test");
  EXPECT_EQ(answer->ttl, 300u);
}

TEST(SrvQuestion, ANameThatDoesNotExistIsNotFound) {
  DnsServer dns(SayCode(3));
  EXPECT_TRUE(absl::IsNotFound(Ask(dns.address()).status()));
}

TEST(SrvQuestion, AServerInTroubleIsUnavailable) {
  DnsServer dns(SayCode(2));
  EXPECT_TRUE(absl::IsUnavailable(Ask(dns.address()).status()));
}

TEST(SrvQuestion, AServerInTroubleIsPassedOver) {
  DnsServer sick(SayCode(2)), well(SayGood);
  EXPECT_TRUE(Ask(sick.address() + "," + well.address()).ok());
}

TEST(SrvQuestion, ATruncatedReplyIsAskedForAgainByTcp) {
  DnsServer dns([](const DnsQuestion& question) {
    DnsReply reply = Good(question);
    if (!question.tcp) reply.Truncated();
    return std::vector<std::string>{reply.bytes()};
  });
  EXPECT_TRUE(Ask(dns.address()).ok());
  EXPECT_EQ(dns.tcp_questions(), 1);
}

TEST(SrvQuestion, TwoHundredRecordsAllCount) {
  DnsServer dns([](const DnsQuestion& question) {
    DnsReply reply(kName, question.id);
    if (!question.tcp) reply.Truncated();
    for (int i = 0; question.tcp && i < 200; ++i)
      reply.Srv(60, static_cast<uint16_t>(i), 100, 389,
                "ipa" + std::to_string(i) + ".example.test");
    return std::vector<std::string>{reply.bytes()};
  });
  const auto answer = Ask(dns.address());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->records.size(), 200u);
}

TEST(SrvQuestion, ATtlOfZeroIsTakenAtItsWord) {
  DnsServer dns([](const DnsQuestion& question) {
    return std::vector<std::string>{Good(question, 0).bytes()};
  });
  EXPECT_EQ(Ask(dns.address())->ttl, 0u);
}

TEST(SrvQuestion, ATargetOfARootDotMeansNotOffered) {
  DnsServer dns([](const DnsQuestion& question) {
    DnsReply reply(kName, question.id);
    reply.Srv(300, 0, 0, 0, ".");
    return std::vector<std::string>{reply.bytes()};
  });
  const auto answer = Ask(dns.address());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->records.empty());
}

TEST(SrvQuestion, AForgedIdIsNotBelieved) {
  DnsServer dns([](const DnsQuestion& question) {
    DnsReply forged(kName, static_cast<uint16_t>(question.id + 1));
    forged.Srv(300, 0, 100, 389, "evil.example.test");
    return std::vector<std::string>{forged.bytes(), Good(question).bytes()};
  });
  const auto answer = Ask(dns.address());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->records[0].target, "ipa1.example.test");
}

TEST(SrvQuestion, ASilentFirstServerCostsLessThanASecond) {
  DnsServer silent([](const DnsQuestion&) { return std::vector<std::string>(); });
  DnsServer well(SayGood);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(Ask(silent.address() + "," + well.address()).ok());
  EXPECT_EQ(silent.udp_questions(), 1);
  // The wait itself is 0.8 s; the rest is for a busy machine.
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(3));
}

TEST(SrvQuestion, SilenceEndsAtTheCallersDeadline) {
  DnsServer silent([](const DnsQuestion&) { return std::vector<std::string>(); });
  const auto lookup = MakeAresSrvLookup(silent.address());
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      (*lookup)->Services(kName, Call::Within(std::chrono::milliseconds(100))).status()));
}

// The list above it: priorities in their order, and what was known stays known while DNS is sick.
TEST(ServersOverDns, TheLastGoodAnswerOutlivesTheTrouble) {
  std::atomic<bool> sick = false;
  DnsServer dns([&sick](const DnsQuestion& question) {
    DnsReply reply(kName, question.id);
    if (sick) reply.Code(2);
    if (!sick) {
      reply.Srv(0, 20, 100, 389, "far.example.test");
      reply.Srv(0, 10, 100, 389, "near.example.test");
    }
    return std::vector<std::string>{reply.bytes()};
  });
  const auto lookup = *MakeAresSrvLookup(dns.address());
  RealClock clock;
  SystemRandom random;
  SrvServerList::Options options;
  options.domain = "example.test";
  options.least_ttl = options.retry = std::chrono::milliseconds(5);
  SrvServerList list(options, *lookup, clock, random);
  const auto names = [&list] {
    std::vector<std::string> found;
    const auto order = *list.Order(Call::Within(seconds(30)));
    for (const ServerAddress& server : order) found.push_back(server.name);
    return found;
  };
  EXPECT_THAT(names(), ElementsAre("near.example.test", "far.example.test"));
  sick = true;
  const int before = dns.udp_questions();
  const auto end = std::chrono::steady_clock::now() + seconds(30);
  while (dns.udp_questions() < before + 8 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_GE(dns.udp_questions(), before + 8) << "it goes on asking";
  EXPECT_THAT(names(), ElementsAre("near.example.test", "far.example.test"));
}

}  // namespace
}  // namespace innkeeper
