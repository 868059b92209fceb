// Joining and renewing over HTTPS on loopback: the agent's side against the coordinator's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "agent/link/join_client.h"
#include "agent/link/renewer.h"
#include "base/testing/temp_dir.h"
#include "coordinator/pki/join_routes.h"
#include "coordinator/pki/testing/fake_node_store.h"
#include "coordinator/pki/testing/fake_vault.h"

namespace innkeeper {
namespace {

Call Soon() { return Call::Within(std::chrono::seconds(20)); }

class ShiftedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + shift; }
  MonotonicTime Monotonic() const override { return std::chrono::steady_clock::now(); }
  absl::Duration shift;
};

// A coordinator's HTTPS port with nothing but joining on it.
class Centre {
 public:
  Centre() {
    HttpServer::Options options;
    options.listen = "127.0.0.1:0";
    options.tls = *MakeServerContext(
        *issuers->IssueServing({"localhost", "127.0.0.1"}, absl::Hours(1)),
        issuers->Bundle(Authority::kAgents) + issuers->Bundle(Authority::kOperators),
        ClientCertificate::kOptional);
    server = *HttpServer::Create(std::move(options));
    RouteJoin(
        *server, gate,
        {.cluster = {"c1"},
         .agent_endpoint = "coordinator.test:8444",
         .audit = [this](const std::string& action, const std::string& who, const std::string&,
                         const absl::Status& outcome) {
           audited.With([&](auto& lines) {
             lines.push_back(action + " " + who + " " + absl::StatusCodeToString(outcome.code()));
           });
         }});
    EXPECT_TRUE(server->Start().ok());
  }
  ~Centre() { server->Stop(Call::Within(std::chrono::seconds(1))); }
  std::string url() const { return "https://" + server->endpoint(); }
  Secret Token(const std::string& node = "") {
    return std::move(tokens.Create({.space = "demo", .node = node}, Soon())->text);
  }

  FakeVault vault;
  RealClock clock;
  FakeNodeStore nodes;
  std::unique_ptr<Issuers> issuers = *Issuers::Open(vault, {"c1"}, clock, Soon());
  JoinTokens tokens{vault, clock, [this] { return issuers->SpkiSha256(Authority::kCoordinator); }};
  NodeGate gate{*issuers,
                tokens,
                nodes,
                clock,
                {.life = absl::Hours(24 * 90),
                 .join_rate = {.per_second = 1000, .burst = 1000, .addresses = 16}}};
  Guarded<std::vector<std::string>> audited;
  std::unique_ptr<HttpServer> server;
};

class JoinRoutesTest : public testing::Test {
 protected:
  absl::StatusOr<JoinRecord> Join(const std::string& url, const Secret& token,
                                  const std::string& node = "host1") {
    JoinRequestOptions options;
    options.url = url;
    options.token = token.Copy();
    options.node = node;
    options.directory = dir_.File("keys");
    return JoinCoordinator(options, Soon());
  }
  std::string keys() const { return dir_.File("keys"); }
  std::string Serial() { return ReadCertificate(LoadKeyPair(keys())->chain)->serial; }

  TempDir dir_;
  Centre centre_;
};

TEST_F(JoinRoutesTest, ATokenIsAllANodeNeeds) {
  const auto joined = Join(centre_.url(), centre_.Token());
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_EQ(joined->node, "host1");
  EXPECT_EQ(joined->space, "demo");
  EXPECT_EQ(joined->cluster, "c1");
  EXPECT_EQ(joined->agent_endpoint, "coordinator.test:8444");
  const auto pair = LoadKeyPair(keys());
  ASSERT_TRUE(pair.ok());
  EXPECT_TRUE(
      ValidateKeyPair(*pair, centre_.issuers->Bundle(Authority::kAgents), absl::Now()).ok());
  struct stat mode {};
  ASSERT_EQ(stat((keys() + "/current/tls.key").c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600u);
  const auto record = LoadJoinRecord(keys());
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->url, centre_.url());
  EXPECT_EQ(record->agent_endpoint, "coordinator.test:8444");
}

TEST_F(JoinRoutesTest, TheTokenIsNeverShownToAnotherServer) {
  Centre impostor;
  const auto joined = Join(impostor.url(), centre_.Token());
  EXPECT_TRUE(absl::IsPermissionDenied(joined.status())) << joined.status();
  EXPECT_TRUE(impostor.audited.With([](auto& lines) { return lines.empty(); }));
  EXPECT_FALSE(std::filesystem::exists(keys()));
}

TEST_F(JoinRoutesTest, UsedAndWrongTokensAreRefusedAndAudited) {
  const Secret token = centre_.Token();
  ASSERT_TRUE(Join(centre_.url(), token).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(Join(centre_.url(), token, "host2").status()));
  EXPECT_TRUE(absl::IsAlreadyExists(Join(centre_.url(), centre_.Token(), "host1").status()));
  EXPECT_EQ(centre_.audited.With([](auto& lines) { return lines; }),
            (std::vector<std::string>{"join host1 OK", "join host2 UNAUTHENTICATED",
                                      "join host1 ALREADY_EXISTS"}));
}

TEST_F(JoinRoutesTest, HalfATokenIsNotSent) {
  for (const char* bad : {"", "abcdef", "abcdef.secret", "a.b.c", "a.b.xyz0"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Join(centre_.url(), Secret(bad)).status())) << bad;
  }
}

TEST_F(JoinRoutesTest, NobodyAnswersMeansUnavailable) {
  const Secret token = centre_.Token();
  EXPECT_TRUE(absl::IsUnavailable(Join("https://127.0.0.1:1", token).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Join("http://127.0.0.1:1", token).status()));
}

TEST_F(JoinRoutesTest, ACertificateIsRenewedWhenAThirdOfItsLifeIsOver) {
  ASSERT_TRUE(Join(centre_.url(), centre_.Token()).ok());
  const std::string serial = Serial();
  ShiftedClock clock;
  SystemRandom random;
  int renewed = 0;
  Renewer::Options options;
  options.url = centre_.url();
  options.directory = keys();
  options.on_new = [&] { ++renewed; };
  Renewer renewer(clock, random, options);
  EXPECT_EQ(*renewer.RenewIfDue(Soon()), false);
  clock.shift = absl::Hours(24 * 31);
  const auto done = renewer.RenewIfDue(Soon());
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(*done);
  EXPECT_EQ(renewed, 1);
  EXPECT_NE(Serial(), serial);
  EXPECT_EQ((*centre_.nodes.Find({"host1"}, Soon()))->certificate_serial, Serial());
}

TEST_F(JoinRoutesTest, ARevokedNodeDoesNotRenewAndKeepsWhatItHas) {
  ASSERT_TRUE(Join(centre_.url(), centre_.Token()).ok());
  const std::string serial = Serial();
  ASSERT_TRUE(centre_.gate.Revoke({"host1"}, Soon()).ok());
  ShiftedClock clock;
  clock.shift = absl::Hours(24 * 31);
  SystemRandom random;
  Renewer::Options options;
  options.url = centre_.url();
  options.directory = keys();
  Renewer renewer(clock, random, options);
  EXPECT_TRUE(absl::IsPermissionDenied(renewer.RenewIfDue(Soon()).status()));
  EXPECT_EQ(Serial(), serial);
}

TEST_F(JoinRoutesTest, TheRenewersThreadStopsAtOnce) {
  ASSERT_TRUE(Join(centre_.url(), centre_.Token()).ok());
  ShiftedClock clock;
  SystemRandom random;
  Renewer::Options options;
  options.url = centre_.url();
  options.directory = keys();
  Renewer renewer(clock, random, options);
  renewer.Start();
  renewer.Stop();
}

}  // namespace
}  // namespace innkeeper
