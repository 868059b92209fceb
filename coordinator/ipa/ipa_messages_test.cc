#include "coordinator/ipa/ipa_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/ipa/host_commands.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

IpaCommand Show(const std::string& name) { return *ShowHostCommand(Fqdn{name}); }

absl::StatusOr<IpaReply> Decode(std::string body, size_t commands = 1, uint64_t id = 1) {
  return DecodeReply(body, commands, id);
}

TEST(IpaMessages, SendOneCommandAsItself) {
  const IpaCommand show = Show("a.example.test");
  EXPECT_EQ(EncodeRequest({&show}, 7), R"({"method":"host_show","params":[["a.example.test"],)"
                                       R"({"all":true,"version":"2.254"}],"id":7})");
}

TEST(IpaMessages, SendSeveralCommandsAsOneBatch) {
  const IpaCommand a = Show("a.example.test"), b = Show("b.example.test");
  EXPECT_EQ(
      EncodeRequest({&a, &b}, 8),
      R"({"method":"batch","params":[[[)"
      R"({"method":"host_show","params":[["a.example.test"],{"all":true,"version":"2.254"}]},)"
      R"({"method":"host_show","params":[["b.example.test"],{"all":true,"version":"2.254"}]})"
      R"(]],{"version":"2.254"}],"id":8})");
}

TEST(IpaMessages, EncodeEveryKindOfValue) {
  const absl::StatusOr<IpaCommand> command = EncodeCommand(
      IpaEffect::kWrites, "m", {std::string("x\"y")},
      {{"flag", false}, {"list", std::vector<std::string>{"a", "b"}}, {"number", int64_t{0}}});
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->params,
            R"([["x\"y"],{"flag":false,"list":["a","b"],"number":0,"version":"2.254"}])");
}

TEST(IpaMessages, RefuseTextsThatAreNoText) {
  for (const std::string& bad :
       {std::string("a\nb"), std::string("\xff\xfe"), std::string(1, '\0')})
    EXPECT_TRUE(absl::IsInvalidArgument(EncodeCommand(IpaEffect::kReads, "m", {bad}, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      EncodeCommand(IpaEffect::kReads, "m", {}, {{"l", std::vector<std::string>{"a\x7f"}}})
          .status()));
}

TEST(IpaMessages, DecodeAnAddedHostAndKeepItsPasswordOutOfTheAttributes) {
  absl::StatusOr<IpaReply> reply = Decode(
      R"({"result":{"result":{"fqdn":["n.example.test"],"userclass":["web","x"],)"
      R"("randompassword":"4Or/m-hMXfH(tRxQNY|a4V","has_password":true,"has_keytab":false,)"
      R"("dn":"fqdn=n.example.test,cn=computers"},"value":"n.example.test",)"
      R"("summary":"Added host \"n.example.test\""},"error":null,"id":1,"principal":"a@B"})");
  ASSERT_TRUE(reply.ok()) << ToText(reply.status());
  ASSERT_EQ(reply->answers.size(), 1u);
  const IpaEntry& entry = reply->answers[0].entries.at(0);
  EXPECT_EQ(entry.random_password.Reveal(), "4Or/m-hMXfH(tRxQNY|a4V");
  EXPECT_FALSE(entry.attributes.contains("randompassword"));
  EXPECT_THAT(entry.All("userclass"), ElementsAre("web", "x"));
  EXPECT_TRUE(entry.IsTrue("has_password"));
  EXPECT_FALSE(entry.IsTrue("has_keytab"));
  EXPECT_THAT(reply->answers[0].summary, HasSubstr("Added host"));
}

TEST(IpaMessages, WipeTheReplysBytes) {
  std::string body = R"({"result":{"result":{"randompassword":"canary-canary-canary"}},"id":1})";
  const char* bytes = body.data();
  ASSERT_TRUE(DecodeReply(body, 1, 1).ok());
  EXPECT_THAT(body, IsEmpty());
  EXPECT_EQ(std::string(bytes, 40).find("canary"), std::string::npos);
}

TEST(IpaMessages, DecodeWrappedValues) {
  absl::StatusOr<IpaReply> reply =
      Decode(R"({"result":{"result":{"krblastpwdchange":[{"__datetime__":"20261121101342Z"}],)"
             R"("krbextradata":[{"__base64__":"AALW"}],"idnsname":[{"__dns_name__":"a."}],)"
             R"("uidnumber":[5,true],"odd":[{"a":{"b":1}}],)"
             R"("attributelevelrights":{"userPassword":"swo"}}},"id":1})");
  ASSERT_TRUE(reply.ok());
  const IpaEntry& entry = reply->answers[0].entries.at(0);
  EXPECT_EQ(entry.First("krblastpwdchange"), "20261121101342Z");
  EXPECT_EQ(entry.First("krbextradata"), "AALW");
  EXPECT_EQ(entry.First("idnsname"), "a.");
  EXPECT_THAT(entry.All("uidnumber"), ElementsAre("5", "TRUE"));
  EXPECT_THAT(entry.All("odd"), IsEmpty());
  EXPECT_THAT(entry.All("attributelevelrights"), ElementsAre("userpassword=swo"));
}

TEST(IpaMessages, DecodeAnErrorWithTheFieldItIsAbout) {
  absl::StatusOr<IpaReply> reply = Decode(
      R"({"result":null,"error":{"code":3009,"message":"invalid 'password': Password cannot be )"
      R"(set on enrolled host.","data":{"name":"password","error":"x"},"name":"ValidationError"},)"
      R"("id":1})");
  ASSERT_TRUE(reply.ok());
  ASSERT_TRUE(reply->error.has_value());
  EXPECT_EQ(reply->error->code, 3009);
  EXPECT_EQ(reply->error->name, "ValidationError");
  EXPECT_EQ(reply->error->field, "password");
}

TEST(IpaMessages, DecodeAnErrorOfARequestThatHadNoId) {
  absl::StatusOr<IpaReply> reply = Decode(
      R"({"result":null,"error":{"code":909,"message":"Invalid JSON-RPC request","name":"JSONError"},)"
      R"("id":null})");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->error->code, 909);
}

// As recorded: the second host_add of a batch fails, the others do not notice.
TEST(IpaMessages, DecodeABatchWhoseCommandsFareDifferently) {
  absl::StatusOr<IpaReply> reply = Decode(
      R"({"result":{"count":3,"results":[)"
      R"({"result":{"fqdn":["b1.example.test"],"randompassword":"1Aq3uvwf4JD5ZaQ7vlaAjUb"},)"
      R"("value":"b1.example.test","summary":"Added host","error":null},)"
      R"({"error":"host with name \"b1\" already exists","error_code":4002,)"
      R"("error_name":"DuplicateEntry","error_kw":{}},)"
      R"({"result":{"failed":[]},"value":["b1.example.test"],"summary":"Deleted","error":null}]},)"
      R"("error":null,"id":1})",
      3);
  ASSERT_TRUE(reply.ok()) << ToText(reply.status());
  ASSERT_EQ(reply->answers.size(), 3u);
  EXPECT_FALSE(reply->answers[0].error.has_value());
  EXPECT_EQ(reply->answers[0].entries.at(0).random_password.Reveal(), "1Aq3uvwf4JD5ZaQ7vlaAjUb");
  EXPECT_EQ(reply->answers[1].error->code, 4002);
  EXPECT_FALSE(reply->answers[2].error.has_value());
}

TEST(IpaMessages, DecodeWhatAGroupCommandLeftOut) {
  absl::StatusOr<IpaReply> reply = Decode(
      R"({"result":{"completed":0,"failed":{"member":{"host":[["a.example.test","no such entry"]],)"
      R"("hostgroup":[]}},"result":{"cn":["g"]}},"error":null,"id":1})");
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply->answers[0].refused.size(), 1u);
  EXPECT_EQ(reply->answers[0].refused[0].reason, "no such entry");
}

TEST(IpaMessages, DecodeASearchThatWasCutShort) {
  absl::StatusOr<IpaReply> reply = Decode(
      R"({"result":{"result":[{"fqdn":["a.example.test"]},{"fqdn":["b.example.test"]}],"count":2,)"
      R"("truncated":true,"messages":[{"type":"warning","name":"SearchResultTruncated",)"
      R"("message":"cut","code":13017,"data":{}}]},"error":null,"id":1})");
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply->answers[0].truncated);
  EXPECT_EQ(reply->answers[0].entries.size(), 2u);
  EXPECT_EQ(reply->answers[0].warnings.at(0).code, 13017);
}

TEST(IpaMessages, DecodeAPlainYes) {
  absl::StatusOr<IpaReply> reply = Decode(
      R"({"result":{"result":true,"value":"n","summary":"Disabled host"},"error":null,"id":1})");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->answers[0].flag, true);
}

TEST(IpaMessages, RefuseWhatIsNoAnswerToThisRequest) {
  const std::string deep =
      std::string(R"({"id":1,"result":)") + std::string(40, '[') + std::string(40, ']') + "}";
  const std::pair<std::string, size_t> rows[] = {
      {"", 1},
      {"<html>", 1},
      {"[1,2]", 1},
      {"null", 1},
      {R"({"id":1})", 1},
      {R"({"result":{},"error":null,"id":2})", 1},
      {R"({"result":{},"error":null,"id":"1"})", 1},
      {R"({"result":[],"error":null,"id":1})", 1},
      {R"({"result":null,"error":{"message":"no code"},"id":1})", 1},
      {R"({"result":null,"error":"text","id":1})", 1},
      {R"({"result":{"count":1,"results":[{"error":null}]},"error":null,"id":1})", 2},
      {R"({"result":{"results":{}},"error":null,"id":1})", 2},
      {R"({"result":{"results":[1,2]},"error":null,"id":1})", 2},
      {R"({"result":{"results":[{"error":"x"},{"error":null}]},"error":null,"id":1})", 2},
      {deep, 1}};
  for (const auto& [body, commands] : rows)
    EXPECT_TRUE(absl::IsInternal(Decode(body, commands).status())) << body;
}

TEST(IpaMessages, NeverKeepAnEndlessMessage) {
  absl::StatusOr<IpaReply> reply = Decode(R"({"error":{"code":4001,"name":"N","message":")" +
                                          std::string(100'000, 'x') + R"("},"id":1})");
  ASSERT_TRUE(reply.ok());
  EXPECT_LE(reply->error->message.size(), 512u);
}

TEST(HostCommands, MarkEveryHostWithItsTagAndItsCluster) {
  NewHost host;
  host.fqdn = Fqdn{"a.example.test"};
  host.owner = OwnerTag{ClusterId{"c1"}, {"lab", "a"}, VmUid{"u"}, std::nullopt};
  host.host_class = "web";
  host.password = PasswordWish::kRandom;
  const IpaCommand command = *AddHostCommand(host);
  EXPECT_EQ(command.effect, IpaEffect::kWrites);
  EXPECT_THAT(command.params,
              HasSubstr(R"("userclass":["innkeeper:c1:lab/a:u","innkeeper:c1","web"])"));
  EXPECT_THAT(command.params, HasSubstr(R"("force":true)"));
  EXPECT_THAT(command.params, HasSubstr(R"("random":true)"));
  host.password = PasswordWish::kNone;
  EXPECT_THAT(AddHostCommand(host)->params, Not(HasSubstr("random")));
}

TEST(HostCommands, ReadAHostRecord) {
  IpaEntry entry;
  entry.attributes = {{"fqdn", {"A.example.test"}},
                      {"userclass", {"web", "innkeeper:c1:lab/a:u"}},
                      {"memberof_hostgroup", {"g1", "g2"}},
                      {"has_keytab", {"TRUE"}},
                      {"krblastpwdchange", {"20261121101342Z"}}};
  const absl::StatusOr<HostRecord> host = HostOf(entry);
  ASSERT_TRUE(host.ok());
  EXPECT_EQ(host->fqdn.text, "a.example.test");
  EXPECT_EQ(host->Owner()->uid.text, "u");
  EXPECT_THAT(host->host_groups, ElementsAre("g1", "g2"));
  EXPECT_TRUE(host->has_keytab);
  EXPECT_FALSE(host->has_password);
  EXPECT_EQ(host->keytab_since, absl::FromUnixSeconds(1795256022));
  EXPECT_TRUE(absl::IsInternal(HostOf(IpaEntry()).status()));
}

}  // namespace
}  // namespace innkeeper
