#include "coordinator/ipa/srv_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/ipa/testing/dns_reply.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

absl::StatusOr<SrvAnswer> Decode(const std::string& bytes) {
  return DecodeSrvReply(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

TEST(SrvReply, GivesRecordsAndTheLeastTtl) {
  DnsReply reply("_ldap._tcp.example.test");
  reply.Srv(300, 0, 100, 389, "A.Example.Test");
  reply.Srv(60, 10, 0, 389, "b.example.test");
  const absl::StatusOr<SrvAnswer> answer = Decode(reply.bytes());
  ASSERT_TRUE(answer.ok()) << ToText(answer.status());
  EXPECT_EQ(answer->ttl, 60u);
  EXPECT_THAT(answer->records, ElementsAre(SrvRecord{"a.example.test", 389, 0, 100},
                                           SrvRecord{"b.example.test", 389, 10, 0}));
}

TEST(SrvReply, SaysNothingIsOfferedWhenTheTargetIsTheRoot) {
  DnsReply reply("_ldap._tcp.example.test");
  reply.Srv(60, 0, 0, 0, ".");
  const absl::StatusOr<SrvAnswer> answer = Decode(reply.bytes());
  ASSERT_TRUE(answer.ok()) << ToText(answer.status());
  EXPECT_THAT(answer->records, IsEmpty());
}

TEST(SrvReply, ClassifiesRefusals) {
  for (const auto& [code, status] :
       std::vector<std::pair<int, absl::StatusCode>>{{2, absl::StatusCode::kUnavailable},
                                                     {3, absl::StatusCode::kNotFound},
                                                     {5, absl::StatusCode::kUnavailable}}) {
    DnsReply reply("_ldap._tcp.example.test");
    reply.Code(code);
    EXPECT_EQ(Decode(reply.bytes()).status().code(), status) << code;
  }
  DnsReply empty("_ldap._tcp.example.test");
  EXPECT_TRUE(absl::IsNotFound(Decode(empty.bytes()).status()));
  DnsReply cut("_ldap._tcp.example.test");
  cut.Srv(60, 0, 0, 389, "a.example.test");
  cut.Truncated();
  EXPECT_TRUE(absl::IsUnavailable(Decode(cut.bytes()).status()));
}

TEST(SrvReply, ReadsNoMoreThan200Records) {
  DnsReply reply("_ldap._tcp.example.test");
  for (int i = 0; i < 500; ++i) reply.Srv(60, 0, 1, 389, "h" + std::to_string(i) + ".example.test");
  const absl::StatusOr<SrvAnswer> answer = Decode(reply.bytes());
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->records, SizeIs(kMostSrvRecords));
}

TEST(SrvReply, LeavesOutTargetsThatAreNoHostNames) {
  DnsReply reply("_ldap._tcp.example.test");
  reply.Srv(60, 0, 1, 389, "bad name!.example.test");
  reply.Srv(60, 0, 1, 389, "good.example.test");
  EXPECT_THAT(Decode(reply.bytes())->records,
              ElementsAre(Field(&SrvRecord::target, "good.example.test")));
}

TEST(SrvReply, SurvivesEveryTruncationAndEveryFlippedByte) {
  DnsReply reply("_ldap._tcp.example.test");
  reply.Srv(300, 0, 100, 389, "a.example.test");
  reply.Srv(60, 10, 0, 389, "b.example.test");
  const std::string whole = reply.bytes();
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(Decode(whole.substr(0, size)).ok()) << size;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bent = whole;
      bent[at] = static_cast<char>(bent[at] ^ flip);
      static_cast<void>(Decode(bent));
    }
  }
}

}  // namespace
}  // namespace innkeeper
