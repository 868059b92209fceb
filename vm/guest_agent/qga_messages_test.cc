#include "vm/guest_agent/qga_messages.h"

#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace innkeeper {
namespace {

using enum AgentFailure;
using nlohmann::json;

std::string Return(const json& value) { return json{{"return", value}}.dump(); }

template <class T>
AgentFailure FailureIn(const absl::StatusOr<T>& result) {
  return FailureOf(result.status());
}

TEST(QgaMessagesTest, RequestsAreWhatTheAgentReads) {
  EXPECT_EQ(PlainRequest("guest-ping"), R"({"execute":"guest-ping"})");
  EXPECT_EQ(
      json::parse(FileReadRequest(1000, 65536)),
      json::parse(R"({"execute":"guest-file-read","arguments":{"handle":1000,"count":65536}})"));
  EXPECT_EQ(
      json::parse(SetTimeRequest(absl::FromUnixNanos(1234567890123456789))),
      json::parse(R"({"execute":"guest-set-time","arguments":{"time":1234567890123456789}})"));
}

TEST(QgaMessagesTest, AnExecRequestCarriesItsInputInBase64) {
  GuestCommand command{"/bin/sh", {"-c", "say \"hi\""}, {"PATH=/bin"}, Secret("pass\nword")};
  EXPECT_EQ(json::parse(ExecRequest(command).Reveal()),
            json::parse(
                R"({"execute":"guest-exec","arguments":{"path":"/bin/sh","arg":["-c","say \"hi\""],
                "env":["PATH=/bin"],"capture-output":true,"input-data":"cGFzcwp3b3Jk"}})"));
}

TEST(QgaMessagesTest, AnExecRequestWithoutInputAndEnvironmentNamesNeither) {
  const json request = json::parse(ExecRequest({"/bin/true", {}, {}, Secret()}).Reveal());
  EXPECT_FALSE(request["arguments"].contains("env"));
  EXPECT_FALSE(request["arguments"].contains("input-data"));
}

json Commands(const std::vector<std::pair<std::string, bool>>& commands) {
  json list = json::array();
  for (const auto& [name, enabled] : commands) {
    list.push_back({{"name", name}, {"enabled", enabled}, {"success-response", true}});
  }
  return {{"version", "7.2.22"}, {"supported_commands", list}};
}

TEST(QgaMessagesTest, AbilitiesAreTheEnabledCommands) {
  const auto all = DecodeInventory(Return(Commands({{"guest-exec", true},
                                                    {"guest-exec-status", true},
                                                    {"guest-file-open", true},
                                                    {"guest-file-read", true},
                                                    {"guest-file-seek", true},
                                                    {"guest-file-close", false},
                                                    {"guest-set-time", false}})));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->abilities.version, "7.2.22");
  EXPECT_TRUE(all->abilities.exec);
  EXPECT_FALSE(all->abilities.file_read);  // a file could be opened, never closed
  EXPECT_FALSE(all->abilities.set_time);
  EXPECT_FALSE(all->only_frozen_commands);
}

TEST(QgaMessagesTest, AFrozenAgentShowsByWhatIsLeft) {
  const auto inventory = DecodeInventory(
      Return(Commands({{"guest-ping", true}, {"guest-info", true}, {"guest-exec", false}})));
  EXPECT_TRUE(inventory->only_frozen_commands);
}

TEST(QgaMessagesTest, EachDecoderRefusesTheAnswerToAnotherCommand) {
  for (const json& value :
       {json(nullptr), json(true), json(3.5), json("x"), json::array({1}), json{{"x", 1}}}) {
    const std::string reply = Return(value);
    EXPECT_EQ(FailureIn(DecodeInventory(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodeFrozen(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureOf(DecodeNothing(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodeHostName(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodeAddresses(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodeTime(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodePid(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodeExit(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodeHandle(reply)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodeChunk(reply, 10)), kBadAnswer) << reply;
    EXPECT_EQ(FailureIn(DecodePosition(reply)), kBadAnswer) << reply;
  }
}

TEST(QgaMessagesTest, AnExitHasACodeOrASignalAndItsOutput) {
  const auto running = DecodeExit(R"({"return":{"exited":false}})");
  ASSERT_TRUE(running.ok());
  EXPECT_FALSE(running->has_value());
  const auto done = DecodeExit(
      R"({"return":{"exited":true,"exitcode":3,"out-data":"b3V0","err-data":"ZXJy","err-truncated":true}})");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ((*done)->code, 3);
  EXPECT_EQ((*done)->out, "out");
  EXPECT_EQ((*done)->err, "err");
  EXPECT_TRUE((*done)->truncated);
  const auto killed = DecodeExit(R"({"return":{"exited":true,"signal":9}})");
  EXPECT_TRUE((*killed)->by_signal);
  EXPECT_EQ((*killed)->code, 9);
  for (const char* bad : {R"({"exited":true})", R"({"exited":true,"exitcode":1,"signal":2})",
                          R"({"exited":true,"exitcode":99999999999})", R"({"exited":1})",
                          R"({"exited":true,"exitcode":0,"out-data":"?"})",
                          R"({"exited":true,"exitcode":0,"out-truncated":1})"}) {
    EXPECT_EQ(FailureIn(DecodeExit(Return(json::parse(bad)))), kBadAnswer) << bad;
  }
}

TEST(QgaMessagesTest, AChunkIsAsLongAsItSaysAndAsWasAsked) {
  EXPECT_EQ(DecodeChunk(R"({"return":{"count":5,"buf-b64":"aGVsbG8=","eof":true}})", 5)->bytes,
            "hello");
  EXPECT_TRUE(DecodeChunk(R"({"return":{"count":0,"buf-b64":"","eof":true}})", 5)->end);
  for (const char* bad :
       {R"({"count":4,"buf-b64":"aGVsbG8=","eof":true})", R"({"count":-1,"buf-b64":"","eof":true})",
        R"({"count":0,"buf-b64":"","eof":false})", R"({"count":5,"buf-b64":"aGVsbG8="})",
        R"({"count":6,"buf-b64":"aGVsbG8h","eof":true})"}) {
    EXPECT_EQ(FailureIn(DecodeChunk(Return(json::parse(bad)), 5)), kBadAnswer) << bad;
  }
}

json Nic(const std::string& name, const json& addresses, const json& mac = "52:54:00:AA:bb:01") {
  json list = json::array();
  for (const auto& address : addresses) list.push_back({{"ip-address", address}, {"prefix", 24}});
  return {{"name", name}, {"hardware-address", mac}, {"ip-addresses", list}};
}

TEST(QgaMessagesTest, AddressesLeaveOutWhatNobodyElseCanReach) {
  const auto seen = DecodeAddresses(Return(
      json::array({Nic("lo", {"127.0.0.1", "::1", "10.9.9.9"}),
                   {{"name", "down0"}},
                   Nic("eth0", {"10.213.7.51", "fe80::1", "169.254.1.2", "127.0.0.2", "0.0.0.0",
                                "2001:DB8:0::1", "10.0.0.1x", "fe80::1%eth0"})})));
  ASSERT_TRUE(seen.ok()) << seen.status();
  ASSERT_EQ(seen->addresses.size(), 2u);
  EXPECT_EQ(seen->addresses[0].text, "10.213.7.51");
  EXPECT_EQ(seen->addresses[0].mac, "52:54:00:aa:bb:01");
  EXPECT_EQ(seen->addresses[0].interface, "eth0");
  EXPECT_EQ(seen->addresses[1].text, "2001:db8::1");
  EXPECT_FALSE(seen->truncated);
}

TEST(QgaMessagesTest, AMalformedMacIsNotTold) {
  for (const json& mac : {json(1), json("52:54:00:aa:bb"), json("52-54-00-aa-bb-01"),
                          json("52:54:00:aa:bb:0g"), json("")}) {
    const auto seen = DecodeAddresses(Return(json::array({Nic("e", {"10.0.0.1"}, mac)})));
    ASSERT_TRUE(seen.ok());
    EXPECT_EQ(seen->addresses[0].mac, "");
  }
}

TEST(QgaMessagesTest, ListsOfAddressesAreCut) {
  json nics = json::array();
  for (int i = 0; i < 65; ++i) nics.push_back(Nic("e" + std::to_string(i), {"10.0.0.1"}));
  auto seen = DecodeAddresses(Return(nics));
  EXPECT_EQ(seen->addresses.size(), kInterfaceCap);
  EXPECT_TRUE(seen->truncated);
  json many = json::array();
  for (int i = 0; i < 300; ++i) {
    many.push_back("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1));
  }
  seen = DecodeAddresses(Return(json::array({Nic("e", many)})));
  EXPECT_EQ(seen->addresses.size(), kAddressCap);
  EXPECT_TRUE(seen->truncated);
}

TEST(QgaMessagesTest, TextsOfGuestsAreCleaned) {
  EXPECT_EQ(*DecodeHostName("{\"return\":{\"host-name\":\"a\\u001b[2Jb\\u202e\"}}"),
            "a\uFFFD[2Jb\uFFFD");
  EXPECT_LE(DecodeHostName(Return({{"host-name", std::string(5000, 'x')}}))->size(), kHostNameCap);
  const auto os =
      DecodeOs(Return({{"id", "debian"}, {"name", "Debian"}, {"kernel-release", "6.1"}}));
  EXPECT_EQ(os->id, "debian");
  EXPECT_EQ(os->name, "Debian");  // no pretty name
  EXPECT_EQ(os->kernel, "6.1");
  EXPECT_EQ(FailureIn(DecodeOs(Return({{"id", 5}}))), kBadAnswer);
}

}  // namespace
}  // namespace innkeeper
