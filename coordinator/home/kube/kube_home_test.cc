// The parts of this home together, under the contract that every home keeps.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "coordinator/home/kube/cluster_id.h"
#include "coordinator/home/kube/kube_leadership.h"
#include "coordinator/home/kube/testing/api_server.h"
#include "coordinator/home/kube/testing/kube_home_under_test.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kNamespace[] = "innkeeper";

Call AnyCall() { return Call::Within(std::chrono::seconds(30)); }

struct ApiServer {
  FakeClock clock;
  FakeKubeServer server{clock, HomeKinds()};
  FakeKubeClient client{server};
};

// The server goes after the home that uses it.
class HomeInMemory final : private ApiServer, public KubeHomeUnderTest {
 public:
  HomeInMemory() : KubeHomeUnderTest(client, kNamespace) {}
};

INSTANTIATE_TEST_SUITE_P(KubeInMemory, HomeContract,
                         testing::Values([]() -> std::unique_ptr<HomeUnderTest> {
                           return std::make_unique<HomeInMemory>();
                         }));

class KubeHomeTest : public testing::Test {
 protected:
  KubePath Record() const { return {{"", "v1", "configmaps"}, kNamespace, "innkeeper-operation"}; }
  FakeClock clock_;
  FakeKubeServer server_{clock_, HomeKinds()};
  FakeKubeClient client_{server_}, other_client_{server_};
  KubeOperation operation_{client_, kNamespace, clock_, {2, std::chrono::minutes(10)}};
  KubeOperation other_{other_client_, kNamespace, clock_, {2, std::chrono::minutes(10)}};
  KubeVault vault_{client_, kNamespace};
};

TEST_F(KubeHomeTest, APauseOnOneReplicaIsToldToTheOther) {
  int told = 0;
  operation_.OnChange([&] { ++told; });
  ASSERT_TRUE(operation_.Load(AnyCall()).ok());
  ASSERT_TRUE(other_.Pause("me", AnyCall()).ok());
  operation_.Upsert(*client_.Get(Record(), AnyCall()));
  EXPECT_TRUE(operation_.State().paused);
  operation_.Upsert(*client_.Get(Record(), AnyCall()));
  EXPECT_EQ(told, 1) << "the same news twice";
  operation_.Drop();
  EXPECT_FALSE(operation_.State().paused);
  EXPECT_EQ(told, 2);
}

// The two see each other's removals only through the server.
TEST_F(KubeHomeTest, TwoReplicasTogetherRemoveNoMoreThanOneWould) {
  ASSERT_TRUE(operation_.Load(AnyCall()).ok());
  ASSERT_TRUE(other_.Load(AnyCall()).ok());
  EXPECT_TRUE(operation_.CountRemoval({"lab", "a"}, AnyCall()).ok());
  EXPECT_TRUE(other_.CountRemoval({"lab", "b"}, AnyCall()).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(operation_.CountRemoval({"lab", "c"}, AnyCall())));
  EXPECT_TRUE(absl::IsFailedPrecondition(other_.CountRemoval({"lab", "d"}, AnyCall())));
}

TEST_F(KubeHomeTest, NoRemovalIsCountedThatCouldNotBeStored) {
  ASSERT_TRUE(operation_.Load(AnyCall()).ok());
  client_.CutOff();
  EXPECT_TRUE(absl::IsUnavailable(operation_.CountRemoval({"lab", "a"}, AnyCall())));
  client_.Heal();
  EXPECT_TRUE(operation_.State().removals.empty());
}

TEST_F(KubeHomeTest, ARecordEditedToNonsenseBrakesUntilItIsReleased) {
  ASSERT_TRUE(operation_.Pause("me", AnyCall()).ok());
  ASSERT_TRUE(client_
                  .Patch(Record(), KubePatch::kMerge, R"({"data":{"record":"{\"paused\":7}"}})", {},
                         AnyCall())
                  .ok());
  ASSERT_TRUE(other_.Load(AnyCall()).ok());
  EXPECT_TRUE(other_.State().brake);
  EXPECT_THAT(other_.State().brake_reason, HasSubstr("innkeeper-operation"));
  EXPECT_TRUE(absl::IsFailedPrecondition(other_.CountRemoval({"lab", "a"}, AnyCall())));
  ASSERT_TRUE(other_.ReleaseBrake(AnyCall()).ok());
  EXPECT_TRUE(other_.CountRemoval({"lab", "a"}, AnyCall()).ok());
}

TEST_F(KubeHomeTest, AnEntryOfTheVaultIsALabelledSecretOfItsOwnType) {
  ASSERT_TRUE(vault_.Write("ca/agents", Secret("key"), 0, AnyCall()).ok());
  const KubePath path{{"", "v1", "secrets"}, kNamespace, "innkeeper-vault.ca.agents"};
  const json object = json::parse(*client_.Get(path, AnyCall()));
  EXPECT_EQ(object["type"], "innkeeper.dev/vault");
  EXPECT_EQ(object["metadata"]["labels"]["innkeeper.dev/vault"], "entry");
  EXPECT_EQ(object["data"], (json{{"entry", "a2V5"}}));
}

TEST_F(KubeHomeTest, AStrangersSecretIsNotReadAndNotListed) {
  const KubePath path{{"", "v1", "secrets"}, kNamespace, "innkeeper-vault.token.ab"};
  const json object{{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"type", "Opaque"},
                    {"metadata", {{"name", path.name}, {"namespace", kNamespace}}},
                    {"data", {{"entry", "a2V5"}}}};
  ASSERT_TRUE(client_.Create(path, object.dump(), {}, AnyCall()).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(vault_.Read("token/ab", AnyCall()).status()));
  EXPECT_THAT(*vault_.List("token/", AnyCall()), ElementsAre());
}

TEST_F(KubeHomeTest, OnlyNamesThatCanBeToldBackAreNamesOfTheVault) {
  for (const char* name :
       {"", "/", "a/", "/a", "a//b", "A", "a.b", "a_b", "a-/b", "-a", "a-", "../x"})
    EXPECT_TRUE(absl::IsInvalidArgument(vault_.Read(name, AnyCall()).status())) << name;
}

TEST_F(KubeHomeTest, TheClustersIdIsTheUidOfKubeSystem) {
  EXPECT_TRUE(absl::IsNotFound(ReadClusterId(client_, AnyCall()).status()));
  const KubePath path{{"", "v1", "namespaces"}, "", "kube-system"};
  const auto made = client_.Create(
      path, R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system"}})", {},
      AnyCall());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(ReadClusterId(client_, AnyCall())->text, json::parse(*made)["metadata"]["uid"]);
}

TEST_F(KubeHomeTest, WhoHoldsTheLeaseLeadsAndEachTimeIsATermOfItsOwn) {
  LeaseOptions options;
  options.ns = kNamespace;
  options.name = "innkeeper-coordinator";
  options.identity = "one";
  LeaseElection election(client_, clock_, options);
  KubeLeadership one(election, "one");
  EXPECT_FALSE(one.Leads());
  ASSERT_TRUE(election.Step(AnyCall()).ok());
  EXPECT_TRUE(one.Leads());
  EXPECT_GT(one.WriteUntil(), clock_.Monotonic());
  const std::string first = one.Term();
  ASSERT_TRUE(election.Release(AnyCall()).ok());
  EXPECT_FALSE(one.Leads());
  options.identity = "two";
  LeaseElection other(other_client_, clock_, options);
  ASSERT_TRUE(other.Step(AnyCall()).ok());
  EXPECT_TRUE(KubeLeadership(other, "two").Leads());
  ASSERT_TRUE(other.Release(AnyCall()).ok());
  for (int i = 0; i < 3 && !one.Leads(); ++i) {
    EXPECT_TRUE(election.Step(AnyCall()).ok());
    clock_.Advance(std::chrono::seconds(2));
  }
  EXPECT_TRUE(one.Leads());
  EXPECT_NE(one.Term(), first);
}

// Whatever a pod is called: a tag that cannot be read back is nobody's host.
TEST_F(KubeHomeTest, ATermCanStandInATag) {
  LeaseOptions options;
  options.ns = kNamespace;
  options.name = "innkeeper-coordinator";
  options.identity = "innkeeper-0.pod_1:x/y";
  const LeaseElection election(client_, clock_, options);
  OwnerTag tag{{"cluster"}, {"lab", "web"}, {"uid"}, std::nullopt};
  tag.deleting_term = KubeLeadership(election, options.identity).Term();
  EXPECT_TRUE(CheckReadable(tag).ok()) << tag.Text();
}

TEST_F(KubeHomeTest, IdsOfEventsRiseOverALeadersEnd) {
  std::vector<std::string> published;
  const auto publish = [&](const EventRecord& event) { published.push_back(event.message); };
  KubeRecorder first(clock_, 10, publish);
  first.Record({"lab", "web"}, Reason::kEnrolled, "one");
  clock_.Advance(std::chrono::seconds(1));
  KubeRecorder second(clock_, 10, publish);
  second.Record({"lab", "web"}, Reason::kEnrolled, "two");
  EXPECT_GT(second.List(std::nullopt, 0, 1, AnyCall())->front().id,
            first.List(std::nullopt, 0, 1, AnyCall())->front().id);
  EXPECT_THAT(published, ElementsAre("one", "two"));
}

}  // namespace
}  // namespace innkeeper
