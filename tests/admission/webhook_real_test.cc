// The shipped webhook configuration on a real API server: who is shown to the webhook, that its
// patches are accepted, that manifests applied again move nothing, and that nobody waits for a
// webhook that is gone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <chrono>
#include <sstream>

#include "absl/strings/escaping.h"
#include "base/metrics.h"
#include "base/testing/test_pki.h"
#include "coordinator/admission/testing/vm_builder.h"
#include "coordinator/admission/testing/vm_generator.h"
#include "coordinator/admission/webhook_configuration.h"
#include "coordinator/admission/webhook_routes.h"
#include "tests/admission/kubectl.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr int kVms = 2000;

class Webhook : public testing::Test {
 protected:
  void SetUp() override {
    const auto tls = MakeServerContext(authority_.Sign(), "", ClientCertificate::kNone);
    ASSERT_TRUE(tls.ok());
    auto made = HttpServer::Create(WebhookServerOptions("127.0.0.1:0", *tls));
    ASSERT_TRUE(made.ok());
    server_ = *std::move(made);
    RouteWebhooks(*server_, admission_, metrics_, clock_);
    ASSERT_TRUE(server_->Start().ok());

    const char* crds = std::getenv("KUBEVIRT_CRDS");
    kubectl_.Must("apply --server-side --force-conflicts -f " +
                  std::string(crds != nullptr ? crds : VM_CRD));
    kubectl_.Must("wait --for=condition=established --timeout=60s crd/virtualmachines.kubevirt.io");
    for (const char* ns : {"shop", "lab", "asking", "asking-old"}) {
      kubectl_.Run("create namespace " + std::string(ns));
    }
    kubectl_.Must("label --overwrite ns/asking innkeeper.dev/enroll=true");
    kubectl_.Must("label --overwrite ns/asking-old ipa-enroll=true");
    Configure();
  }
  void TearDown() override {
    kubectl_.Run("delete mutatingwebhookconfiguration innkeeper");
    kubectl_.Run("delete vm --all -A --wait=false");
  }

  // The shipped configuration, its Service replaced by our own address. In force when it returns.
  void Configure(const std::string& kustomization = "deploy/coordinator") {
    kubectl_.Run("delete mutatingwebhookconfiguration innkeeper");
    std::istringstream shipped(kubectl_.Must("kustomize " SOURCE_ROOT "/" + kustomization +
                                             " | $KUBECTL create --dry-run=client -o json -f -"));
    json config = json::object();
    while (config.value("kind", "") != "MutatingWebhookConfiguration") shipped >> config;
    for (json& entry : config["webhooks"]) {
      entry["clientConfig"] = {{"url", "https://" + server_->endpoint() + "/mutate-virtualmachine"},
                               {"caBundle", absl::Base64Escape(authority_.certificate())}};
    }
    kubectl_.MustWith("create", config);
    AwaitUntil([&] { return Reviews([&] { DryRun(Labelled(Vm("probe"))); }) > 0; });
  }
  // What the leader finds to do.
  WebhookPlan Plan() {
    const json live = kubectl_.MustGet("mutatingwebhookconfiguration innkeeper");
    const absl::StatusOr<WebhookPlan> plan =
        PlanWebhooks(live.dump(), {authority_.certificate(), {{"asking"}, {"asking"}}},
                     [&](const std::string& ca) { return ca == authority_.certificate(); });
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.ok() ? *plan : WebhookPlan{};
  }
  void PatchConfiguration() {
    kubectl_.Must("patch mutatingwebhookconfiguration innkeeper --type=json -p '" + Plan().patch +
                  "'");
    EXPECT_EQ(Plan().patch, "");
  }
  static void AwaitUntil(const std::function<bool()>& so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!so()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }

  static json Vm(const std::string& name, const std::string& ns = "shop") {
    json vm = VmWith({{"userData", "#cloud-config\na: 1\n"}}, name);
    vm["metadata"].erase("creationTimestamp");
    vm["metadata"]["namespace"] = ns;
    return vm;
  }
  static json OfType(json vm, const std::string& name) {
    vm["spec"]["instancetype"]["name"] = name;
    return vm;
  }
  void DryRun(const json& vm) { kubectl_.MustWith("create --dry-run=server", vm); }
  // How many reviews reach the webhook meanwhile.
  double Reviews(const std::function<void()>& doing) {
    const double before = Reviewed();
    doing();
    return Reviewed() - before;
  }
  double Reviewed() {
    const std::string text = MetricsText(registry_), series = "innkeeper_admission_seconds_count ";
    return std::stod(text.substr(text.find("\n" + series) + 1 + series.size()));
  }

  const Kubectl kubectl_;
  const TestAuthority authority_;
  const RealClock clock_;
  prometheus::Registry registry_;
  AdmissionMetrics metrics_{registry_};
  OptInSets index_;
  VmAdmission admission_{index_, AdmissionRules{}};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Webhook, SeesWhoAsksAndNobodyElse) {
  const auto seen = [&](const json& vm) { return Reviews([&] { DryRun(vm); }); };
  EXPECT_EQ(seen(Vm("plain")), 0);
  EXPECT_EQ(seen(Labelled(Vm("own"))), 1);
  EXPECT_EQ(seen(Labelled(Vm("own-no"), "false")), 1);
  json old = Vm("own-old");
  old["metadata"]["labels"]["ipa-enroll"] = "true";
  EXPECT_EQ(seen(old), 1);
  EXPECT_EQ(seen(Annotated(Vm("carries"), "innkeeper.dev/prepared", "{}")), 1);
  EXPECT_EQ(seen(Vm("by-namespace", "asking")), 1);
  EXPECT_EQ(seen(Labelled(Vm("own", "asking"))), 1);
  EXPECT_EQ(seen(Vm("by-namespace", "asking-old")), 1);
  EXPECT_EQ(seen(OfType(Vm("typed"), "u1.small")), 1);
  EXPECT_EQ(seen(OfType(Vm("typed", "asking"), "u1.small")), 1);
  EXPECT_EQ(seen(Labelled(OfType(Vm("typed"), "u1.small"))), 1);
  EXPECT_EQ(seen(Labelled(Vm("system", "kube-system"))), 0);
}

// The leader's patch narrows the last entry.
TEST_F(Webhook, OfTypesOnlyThoseThatAskAreShownOnceTheLeaderHasNamedThem) {
  const auto seen = [&](const json& vm) { return Reviews([&] { DryRun(vm); }); };
  EXPECT_THAT(Plan().mistrusting, testing::IsEmpty());
  PatchConfiguration();
  AwaitUntil([&] { return seen(OfType(Vm("typed"), "u1.small")) == 0; });
  EXPECT_EQ(seen(OfType(Vm("typed"), "asking")), 1);
  json preferring = Vm("typed");
  preferring["spec"]["preference"]["name"] = "asking";
  EXPECT_EQ(seen(preferring), 1);
  json inferred = Vm("typed");
  inferred["spec"]["instancetype"]["inferFromVolume"] = "root";
  EXPECT_EQ(seen(inferred), 1);
}

TEST_F(Webhook, TheManifestAppliedAgainKeepsWhatTheLeaderAdded) {
  for (const char* apply : {"apply", "apply --server-side --force-conflicts"}) {
    kubectl_.Must("delete mutatingwebhookconfiguration innkeeper");
    const std::string shipped =
        std::string(apply) + " -f " SOURCE_ROOT "/deploy/coordinator/webhook.yaml";
    kubectl_.Must(shipped);
    EXPECT_THAT(Plan().mistrusting, testing::SizeIs(4));
    PatchConfiguration();
    kubectl_.Must(shipped);
    EXPECT_EQ(Plan().patch, "") << apply;
    EXPECT_THAT(Plan().mistrusting, testing::IsEmpty());
  }
}

TEST_F(Webhook, AManifestAppliedAgainMovesNothing) {
  const json manifest = Labelled(Vm("web"));
  for (const char* apply : {"apply", "apply --server-side --force-conflicts"}) {
    kubectl_.Run("-n shop delete vm web");
    kubectl_.MustWith(apply, manifest);
    const json first = kubectl_.MustGet("-n shop vm web");
    EXPECT_EQ(first["metadata"]["annotations"].count("innkeeper.dev/prepared"), 1u);
    for (int i = 0; i < 10; ++i) kubectl_.MustWith(apply, manifest);
    const json last = kubectl_.MustGet("-n shop vm web");
    EXPECT_EQ(last["metadata"]["generation"], 1) << apply;
    EXPECT_EQ(last["spec"], first["spec"]) << apply;
  }
}

TEST_F(Webhook, AVmWithoutANameKeepsTheSecretsItWasGiven) {
  json vm = Labelled(Vm(""));
  vm["metadata"].erase("name");
  vm["metadata"]["generateName"] = "web-";
  const std::string made = kubectl_.With("create -o name", vm).out;
  const std::string what = "-n shop " + made.substr(0, made.find('\n'));
  json first = kubectl_.MustGet(what);
  const std::string secret = Volume(first, 2)["secret"]["secretName"];
  EXPECT_THAT(secret, testing::StartsWith("innkeeper-"));
  kubectl_.Must("label " + what + " touched=yes");
  const json last = kubectl_.MustGet(what);
  EXPECT_EQ(last["metadata"]["generation"], 1);
  EXPECT_EQ(last["spec"], first["spec"]);
}

TEST_F(Webhook, AnImpossibleNameIsRefusedWithItsReason) {
  AdmissionRules rules;
  rules.naming.domain = "example.test";
  admission_.SetRules(rules);
  const json vm = Vm(std::string(61, 'n'));
  EXPECT_EQ(kubectl_.With("create --dry-run=server", vm).code, 0);
  const Kubectl::Result refused = kubectl_.With("create --dry-run=server", Labelled(vm));
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.out, HasSubstr("innkeeper.dev/fqdn"));
}

TEST_F(Webhook, WhileItIsGoneEverybodyIsAdmitted) {
  server_->Stop(Call::Within(std::chrono::seconds(5)));
  DryRun(Vm("plain"));
  DryRun(Labelled(Vm("own")));
  DryRun(Vm("by-namespace", "asking"));
}

// The schema accepts what the patches make of VMs of every shape.
TEST_F(Webhook, NoPatchIsRefused) {
  VmGenerator generator(7);
  json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", json::array()}};
  for (int i = 0; i < kVms; ++i) list["items"].push_back(generator.Next());
  double reviewed = 0;
  const std::string out = [&] {
    Kubectl::Result result;
    reviewed = Reviews([&] { result = kubectl_.With("create --dry-run=server -o name", list); });
    EXPECT_EQ(result.code, 0) << result.out.substr(0, 3000);
    return result.out;
  }();
  EXPECT_GT(reviewed, kVms / 2);
  size_t made = 0, at = 0;
  while ((at = out.find("virtualmachine.kubevirt.io/", at)) != std::string::npos) ++made, ++at;
  EXPECT_EQ(made, static_cast<size_t>(kVms));
}

}  // namespace
}  // namespace innkeeper
