// This home at a real API server: the contract that every home keeps, and what only the server's
// own judgement of a Guest can show.

#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "coordinator/guests/testing/full_guest.h"
#include "coordinator/home/kube/cluster_id.h"
#include "coordinator/home/kube/testing/kube_home_under_test.h"
#include "coordinator/kube/testing/real_kube.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Call AnyCall() { return Call::Within(std::chrono::seconds(60)); }

KubePath GuestPath(const std::string& name) {
  return {{kGuestGroup, kGuestVersion, kGuestPlural}, "lab", name};
}

// A server without Guests, and with our resource.
struct FreshServer {
  FreshServer() : client(server.Client("innkeeper")) {
    server.Env("kubectl apply -f " INNKEEPER_SOURCE "/deploy/coordinator/crd-guests.yaml");
    server.Env("kubectl wait --for condition=established crd/guests.innkeeper.dev");
    const auto made = client->Create(
        {{"", "v1", "namespaces"}, "", "lab"},
        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"lab"}})", {}, AnyCall());
    EXPECT_TRUE(made.ok() || absl::IsAlreadyExists(made.status())) << made.status();
    Sweep();
  }
  void Sweep() {
    std::vector<std::string> names;
    const auto listed = client->List(
        {.kind = GuestPath("").kind},
        [&](KubeChange, std::string_view object) {
          names.push_back(json::parse(object)["metadata"]["name"]);
          return absl::OkStatus();
        },
        AnyCall());
    EXPECT_TRUE(listed.ok()) << listed.status();
    for (const std::string& name : names) {
      static_cast<void>(client->Patch(GuestPath(name), KubePatch::kMerge,
                                      R"({"metadata":{"finalizers":null}})", {}, AnyCall()));
      static_cast<void>(client->Delete(GuestPath(name), {}, AnyCall()));
    }
  }
  RealKube server;
  std::unique_ptr<KubeClient> client;
};

class HomeAtTheRealServer final : private FreshServer, public KubeHomeUnderTest {
 public:
  HomeAtTheRealServer() : KubeHomeUnderTest(*client, server.FreshNamespace()) {}
};

INSTANTIATE_TEST_SUITE_P(KubeReal, HomeContract,
                         testing::Values([]() -> std::unique_ptr<HomeUnderTest> {
                           return std::make_unique<HomeAtTheRealServer>();
                         }));

class RealGuestTest : public testing::Test {
 protected:
  Guest Made() {
    Guest guest;
    guest.key = {"lab", "web"};
    guest.uid = {"uid-web"};
    guest.spec.generation = 2;
    return store_.Create(guest, AnyCall()).value();
  }
  FreshServer fresh_;
  KubeGuestStore store_{*fresh_.client, [](const GuestKey&, const VmUid&) { return std::nullopt; }};
};

TEST_F(RealGuestTest, TheServerRefusesWhatThePersonsRulesForbid) {
  const Guest made = Made();
  const auto refused = [&](auto&& change) {
    Guest guest = made;
    change(guest.spec);
    return store_.UpdateSpec(guest, AnyCall()).status();
  };
  const absl::Status shrunk = refused([](IdentitySpec& spec) { spec.generation = 1; });
  EXPECT_TRUE(absl::IsInvalidArgument(shrunk));
  EXPECT_THAT(shrunk.ToString(), HasSubstr("the generation only grows"));
  EXPECT_THAT(refused([](IdentitySpec& spec) { spec.fqdn = "10.0.0.1"; }).ToString(),
              HasSubstr("this looks like an address"));
  EXPECT_THAT(refused([](IdentitySpec& spec) { spec.host_class = " InnKeeper:x"; }).ToString(),
              HasSubstr("ownership tag"));
  for (const auto& status :
       {refused([](IdentitySpec& spec) { spec.fqdn = "Web.example.test"; }),
        refused([](IdentitySpec& spec) {
          spec.host_groups = {"a", "a"};
        }),
        refused([](IdentitySpec& spec) { spec.host_groups = {"no spaces"}; })}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  }
}

TEST_F(RealGuestTest, WhatTheCodecCutsTheServerTakes) {
  Guest guest = Made();
  guest.status = FullStatus();
  guest.status.host_dn = std::string(5000, 'x');
  guest.status.addresses = std::vector<std::string>(3, "192.0.2.1");
  guest.status.conditions[ConditionType::kEnrolled].message = std::string(40'000, '\xff');
  guest.status.keytab_since = absl::InfiniteFuture();
  guest.status.first_try = absl::InfinitePast();
  guest.status.enroll_took = absl::ZeroDuration();
  const absl::StatusOr<int64_t> version = store_.UpdateStatus(guest, AnyCall());
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(store_.Get(guest.key, AnyCall())->status.addresses.size(), 1u);
}

TEST_F(RealGuestTest, TheClusterHasAnId) {
  EXPECT_EQ(ReadClusterId(*fresh_.client, AnyCall())->text.size(), 36u);
}

}  // namespace
}  // namespace innkeeper
