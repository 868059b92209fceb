// Who we are to an API server: kubeconfigs, a pod's account, tokens that rotate.

#include <gmock/gmock.h>

#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "coordinator/kube/bearer_token.h"
#include "coordinator/kube/kube_access.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;

class KubeconfigTest : public testing::Test {
 protected:
  std::string File(const std::string& cluster, const std::string& user) {
    return dir_.Write("config",
                      "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
                      "contexts:\n"
                      "- {name: one, context: {cluster: c, user: u, namespace: lab}}\n"
                      "- {name: two, context: {cluster: c, user: nobody}}\n"
                      "clusters:\n- name: c\n  cluster: {" +
                          cluster +
                          "}\n"
                          "users:\n- name: u\n  user: {" +
                          user + "}\n");
  }
  std::string Refusal(const std::string& cluster, const std::string& user) {
    const absl::Status status = ReadKubeconfig(File(cluster, user)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  }
  TempDir dir_;
};

constexpr char kServer[] = "server: 'https://k:6443/'";

TEST_F(KubeconfigTest, ReadsDataOfTheCurrentContext) {
  const auto access = ReadKubeconfig(
      File("server: 'https://k:6443/', certificate-authority-data: Q0E=, tls-server-name: api, "
           "proxy-url: 'http://p:3128'",
           "client-certificate-data: Q1JU, client-key-data: S0VZ"));
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->server, "https://k:6443");
  EXPECT_EQ(access->ca_pem, "CA");
  EXPECT_EQ(access->certificate_pem, "CRT");
  EXPECT_EQ(access->key_pem->Reveal(), "KEY");
  EXPECT_EQ(access->tls_server_name, "api");
  EXPECT_EQ(access->proxy, "http://p:3128");
  EXPECT_EQ(access->ns, "lab");
}

TEST_F(KubeconfigTest, PathsBeginAtItsFolder) {
  const auto access = ReadKubeconfig(
      File("server: 'https://k', certificate-authority: ca.crt",
           "client-certificate: /abs/c.crt, client-key: c.key, tokenFile: t, token: ignored"));
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->ca_file, dir_.File("ca.crt"));
  EXPECT_EQ(access->certificate_file, "/abs/c.crt");
  EXPECT_EQ(access->key_file, dir_.File("c.key"));
  EXPECT_EQ(access->token_file, dir_.File("t"));
  EXPECT_EQ(access->token, nullptr);
}

TEST_F(KubeconfigTest, WithoutAnAuthorityTheSystemsAreTrusted) {
  const auto access = ReadKubeconfig(File(kServer, "token: t0"));
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_THAT(access->ca_file, HasSubstr("ca-certificates"));
  EXPECT_EQ(access->token->Reveal(), "t0");
}

TEST_F(KubeconfigTest, WhatIsRefusedIsNamed) {
  EXPECT_THAT(Refusal("server: 'https://k', insecure-skip-tls-verify: true", "token: t"),
              HasSubstr("insecure-skip-tls-verify is refused"));
  EXPECT_THAT(Refusal("server: 'http://k'", "token: t"), HasSubstr("https://"));
  for (const char* key : {"exec: {command: aws}", "auth-provider: {name: gcp}", "username: a",
                          "password: b", "as: root", "as-groups: [a]"}) {
    const std::string name = std::string(key).substr(0, std::string(key).find(':'));
    EXPECT_THAT(Refusal(kServer, key), HasSubstr("user \"u\"")) << key;
    EXPECT_THAT(Refusal(kServer, key),
                HasSubstr(name == "username" || name == "password" ? "password" : name));
  }
  EXPECT_THAT(Refusal(kServer, "client-certificate-data: Q1JU"), HasSubstr("client-key"));
  EXPECT_THAT(Refusal("server: 'https://k', certificate-authority-data: '*'", "token: t"),
              HasSubstr("not base64"));
  EXPECT_THAT(Refusal("server: ['https://k']", "token: t"), HasSubstr("not a text"));
}

TEST_F(KubeconfigTest, WhatIsNamedMustBeThere) {
  const std::string file = File(kServer, "token: t");
  EXPECT_THAT(ReadKubeconfig(file, "three").status().message(), HasSubstr("context \"three\""));
  EXPECT_THAT(ReadKubeconfig(file, "two").status().message(), HasSubstr("user \"nobody\""));
  EXPECT_TRUE(absl::IsNotFound(ReadKubeconfig(dir_.File("absent")).status()));
  EXPECT_THAT(ReadKubeconfig(dir_.Write("bare", "kind: Config\n")).status().message(),
              HasSubstr("no current-context"));
}

TEST_F(KubeconfigTest, APodFindsItsAccount) {
  EXPECT_TRUE(absl::IsFailedPrecondition(InClusterAccess({.folder = dir_.path()}).status()));
  const PodPlace place{dir_.path(), "fd00::1", "443"};
  EXPECT_TRUE(absl::IsFailedPrecondition(InClusterAccess(place).status()));
  dir_.Write("ca.crt", "CA");
  dir_.Write("token", "T");
  dir_.Write("namespace", "innkeeper\n");
  const auto access = InClusterAccess(place);
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->server, "https://[fd00::1]:443");
  EXPECT_EQ(access->ns, "innkeeper");
  EXPECT_EQ(access->token_file, dir_.File("token"));
}

TEST_F(KubeconfigTest, ATokenIsReadAgainAfterAMinuteOrADoubt) {
  FakeClock clock;
  const std::string file = dir_.Write("token", "one\n");
  BearerToken token(file, nullptr, clock);
  EXPECT_EQ((*token.Current())->Reveal(), "one");
  dir_.Write("token", "two");
  EXPECT_EQ((*token.Current())->Reveal(), "one");
  clock.Advance(std::chrono::seconds(61));
  EXPECT_EQ((*token.Current())->Reveal(), "two");
  dir_.Write("token", "three");
  EXPECT_TRUE(token.Doubt());
  EXPECT_EQ((*token.Current())->Reveal(), "three");
}

TEST_F(KubeconfigTest, ATokenThatCannotBeReadLeavesTheLastOne) {
  FakeClock clock;
  BearerToken absent(dir_.File("absent"), nullptr, clock);
  EXPECT_TRUE(absl::IsFailedPrecondition(absent.Current().status()));
  BearerToken token(dir_.Write("token", "one"), nullptr, clock);
  EXPECT_TRUE(token.Current().ok());
  dir_.Write("token", "");
  clock.Advance(std::chrono::seconds(61));
  EXPECT_EQ((*token.Current())->Reveal(), "one");
  BearerToken none("", nullptr, clock);
  EXPECT_EQ(*none.Current(), nullptr);
  EXPECT_FALSE(none.Doubt());
}

}  // namespace
}  // namespace innkeeper
