// KubeClient's contract at a real API server, and the ways to it.

#include "coordinator/kube/testing/connect_proxy.h"
#include "coordinator/kube/testing/kube_client_contract.h"
#include "coordinator/kube/testing/real_kube.h"

namespace innkeeper {
namespace {

INSTANTIATE_TEST_SUITE_P(Real, KubeClientContract,
                         testing::Values([] { return std::make_unique<RealKube>(); }));

TEST(HttpKubeClientAtTheRealServer, GoesThroughAProxy) {
  RealKube server;
  ConnectProxy proxy;
  const auto client = server.ClientThrough(proxy.url());
  const KubePath version{{"", "v1", "namespaces"}, "", "kube-system"};
  EXPECT_TRUE(client->Get(version, Call::Within(std::chrono::seconds(20))).ok());
  EXPECT_EQ(proxy.Connections(), 1);
}

TEST(HttpKubeClientAtTheRealServer, NeedsTheAuthorityOfTheCluster) {
  RealKube server;
  KubeAccess access = server.access();
  access.ca_pem.clear();
  access.ca_file = "/etc/ssl/certs/ca-certificates.crt";
  RealClock clock;
  const auto client = HttpKubeClient::Create(access, {}, clock);
  ASSERT_TRUE(client.ok());
  const absl::Status refused =
      (*client)
          ->Get({{"", "v1", "namespaces"}, "", "default"}, Call::Within(std::chrono::seconds(20)))
          .status();
  EXPECT_TRUE(absl::IsPermissionDenied(refused) || absl::IsFailedPrecondition(refused)) << refused;
}

}  // namespace
}  // namespace innkeeper
