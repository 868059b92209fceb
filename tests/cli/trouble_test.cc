// Servers that are down, strangers' certificates, and arguments that make no sense.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/testing/admin_server.h"
#include "tests/cli/testing/cli_run.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(CliTrouble, NobodyAnswers) {
  const TempDir dir;
  const std::string nowhere = "unix:" + dir.File("none.sock");
  for (const std::string command : {"guests", "nodes", "events", "audit", "status"}) {
    CliRun run({"--server", nowhere, command});
    EXPECT_EQ(run.Code(), 5) << command;
    EXPECT_THAT(run.err(), HasSubstr("Is the coordinator running here")) << command;
    EXPECT_THAT(run.out(), IsEmpty());
  }
  CliRun version({"--server", nowhere, "version"});
  EXPECT_EQ(version.Code(), 0) << "its own version is known";
  EXPECT_THAT(version.out(), HasSubstr("not reached"));
  EXPECT_EQ(CliRun({"--server", nowhere, "version", "-o", "json"}).Code(), 5);
}

TEST(CliTrouble, TheServersAddressComesFromTheEnvironmentToo) {
  AdminServer server;
  CliRun run({"status"}, {{"INNKEEPER_SERVER", server.address()}});
  EXPECT_EQ(run.Code(), 0) << run.err();
}

class CliOverHttps : public testing::Test {
 protected:
  CliRun::Environment Environment(const std::string& ca) {
    return {{"INNKEEPER_SERVER", server_.address()},
            {"INNKEEPER_CA", server_.dir().Write("ca.crt", ca)}};
  }
  AdminServer server_{AdminServer::Channel::kTls};
};

TEST_F(CliOverHttps, AnOperatorsCertificateIsEnough) {
  const KeyPair anna = server_.operators().SignClient("anna");
  CliRun::Environment environment = Environment(server_.authority().certificate());
  environment["INNKEEPER_CERTIFICATE"] = server_.dir().Write("anna.crt", anna.chain);
  environment["INNKEEPER_KEY"] = server_.dir().Write("anna.key", std::string(anna.key.Reveal()));
  CliRun run({"pause"}, environment);
  EXPECT_EQ(run.Code(), 0) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("paused by operator anna"));
}

TEST_F(CliOverHttps, WithoutACertificateItIsRefused) {
  CliRun run({"guests"}, Environment(server_.authority().certificate()));
  EXPECT_EQ(run.Code(), 4);
  EXPECT_THAT(run.err(), HasSubstr("client certificate"));
}

TEST_F(CliOverHttps, AStrangersServerIsNotTrusted) {
  CliRun run({"guests"}, Environment(TestAuthority("somebody").certificate()));
  EXPECT_EQ(run.Code(), 4);
  EXPECT_THAT(run.err(), HasSubstr("Check the server's address, the CA file"));
}

TEST(CliTrouble, WrongArgumentsEndWithTwo) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"gests"},
                                             {"guests", "--wat"},
                                             {"describe"},
                                             {"guests", "-o", "csv"},
                                             {"events", "--limit", "0"},
                                             {"--server", "ftp://x", "guests"}}) {
    CliRun run(words);
    EXPECT_EQ(run.Code(), 2) << (words.empty() ? "" : words.front());
    EXPECT_NE(run.err(), "");
  }
  EXPECT_EQ(CliRun({"--version"}).Code(), 0);
}

}  // namespace
}  // namespace innkeeper
