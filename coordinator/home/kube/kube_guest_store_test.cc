#include "coordinator/home/kube/kube_guest_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "coordinator/guests/testing/full_guest.h"
#include "coordinator/home/kube/mirrored.h"
#include "coordinator/home/kube/testing/api_server.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

Call AnyCall() { return Call::Within(std::chrono::seconds(30)); }

class KubeGuestStoreTest : public testing::Test {
 protected:
  static KubePath Path(const std::string& name) {
    return {{kGuestGroup, kGuestVersion, kGuestPlural}, "lab", name};
  }
  Guest Made(const std::string& name) {
    Guest guest;
    guest.key = {"lab", name};
    guest.uid = {"uid-" + name};
    const absl::StatusOr<Guest> made = store_.Create(guest, AnyCall());
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(Guest{});
  }
  json Object(const std::string& name) {
    return json::parse(other_.Get(Path(name), AnyCall()).value_or("{}"));
  }
  // What somebody else does.
  void Edit(const std::string& name, const json& patch) {
    EXPECT_TRUE(other_.Patch(Path(name), KubePatch::kMerge, patch.dump(), {}, AnyCall()).ok());
  }
  // As the mirror would.
  void Observe(const std::string& name) { store_.Upsert(Object(name).dump()); }

  FakeClock clock_;
  FakeKubeServer server_{clock_, HomeKinds()};
  FakeKubeClient client_{server_}, other_{server_, "somebody"};
  bool vm_exists_ = true;
  KubeGuestStore store_{client_, [this](const GuestKey& key, const VmUid& uid) {
                          return vm_exists_
                                     ? std::optional(GuestOwner{"VirtualMachine", key.name, uid})
                                     : std::nullopt;
                        }};
};

TEST_F(KubeGuestStoreTest, AGuestBelongsToItsVmAndIsHeldByOurFinalizer) {
  Made("web");
  const json metadata = Object("web")["metadata"];
  EXPECT_EQ(metadata["finalizers"], json{kGuestFinalizer});
  EXPECT_EQ(metadata["labels"][kVmUidLabel], "uid-web");
  const json owner = metadata["ownerReferences"][0];
  EXPECT_EQ(owner["apiVersion"], "kubevirt.io/v1");
  EXPECT_EQ(owner["kind"], "VirtualMachine");
  EXPECT_EQ(owner["uid"], "uid-web");
  EXPECT_FALSE(owner.value("blockOwnerDeletion", false)) << "a Guest never holds a VM";
}

// The garbage collector deletes what has an owner that does not exist.
TEST_F(KubeGuestStoreTest, AGuestWhoseVmIsNotThereHasNoOwner) {
  vm_exists_ = false;
  const Guest made = Made("web");
  EXPECT_EQ(Object("web")["metadata"].value("ownerReferences", json::array()), json::array());
  EXPECT_EQ(store_.Get(made.key, AnyCall())->uid, made.uid);
}

TEST_F(KubeGuestStoreTest, ASpecThatIsWrittenLeavesTheRestOfTheSpecAlone) {
  Guest guest = Made("web");
  guest.spec.enroll = Wish::kYes;
  ASSERT_TRUE(store_.UpdateSpec(guest, AnyCall()).ok());
  EXPECT_EQ(Object("web")["spec"]["identity"], (json{{"enroll", true}, {"generation", 0}}));
  EXPECT_FALSE(Object("web").contains("status"));
}

TEST_F(KubeGuestStoreTest, AStatusAnswersTheGenerationThatWasRead) {
  Guest guest = Made("web");
  guest.spec.enroll = Wish::kYes;
  guest.version = store_.UpdateSpec(guest, AnyCall()).value();
  guest.status = FullStatus();
  ASSERT_TRUE(store_.UpdateStatus(guest, AnyCall()).ok());
  EXPECT_EQ(Object("web")["metadata"]["generation"], 2);
  EXPECT_EQ(Object("web")["status"]["observedGeneration"], 2);
  EXPECT_EQ(Object("web")["status"]["conditions"][0]["observedGeneration"], 2);
}

// The watch has not told it yet: the server knows better than our memory.
TEST_F(KubeGuestStoreTest, AWriteOverSomebodysEditIsRefusedByTheServer) {
  Guest guest = Made("web");
  Edit("web", {{"spec", {{"identity", {{"enroll", false}}}}}});
  guest.status.failures = 3;
  EXPECT_TRUE(absl::IsAborted(store_.UpdateStatus(guest, AnyCall()).status()));
  guest.spec.enroll = Wish::kYes;
  EXPECT_TRUE(absl::IsAborted(store_.UpdateSpec(guest, AnyCall()).status()));
  EXPECT_TRUE(absl::IsAborted(store_.MarkDeleting(guest, AnyCall()).status()));
  EXPECT_TRUE(absl::IsAborted(store_.Rebind(guest, {"uid-new"}, AnyCall()).status()));
  EXPECT_TRUE(absl::IsAborted(store_.Delete(guest.key, guest.version, AnyCall())));
  EXPECT_EQ(Object("web")["spec"]["identity"]["enroll"], false);
  Observe("web");
  EXPECT_EQ(store_.Get(guest.key, AnyCall())->spec.enroll, Wish::kNo);
}

TEST_F(KubeGuestStoreTest, ARaceBetweenTheTestsAndTheFinalizersEndIsLost) {
  const Guest guest = Made("web");
  const int64_t version = store_.MarkDeleting(guest, AnyCall()).value();
  server_.BeforeNextWrite([this] { Edit("web", {{"metadata", {{"labels", {{"mark", "x"}}}}}}); });
  EXPECT_TRUE(absl::IsAborted(store_.Delete(guest.key, version, AnyCall())));
  EXPECT_EQ(Object("web")["metadata"]["finalizers"], json{kGuestFinalizer});
}

TEST_F(KubeGuestStoreTest, SomebodyElsesFinalizerIsLeftAlone) {
  Guest guest = Made("web");
  Edit("web", {{"metadata", {{"finalizers", {"backup.example/copy", kGuestFinalizer}}}}});
  Observe("web");
  guest = *store_.Get(guest.key, AnyCall());
  ASSERT_TRUE(store_.Delete(guest.key, guest.version, AnyCall()).ok());
  EXPECT_EQ(Object("web")["metadata"]["finalizers"], json{"backup.example/copy"});
  EXPECT_TRUE(absl::IsNotFound(store_.Get(guest.key, AnyCall()).status())) << "it is not ours now";
}

TEST_F(KubeGuestStoreTest, AFinalizerThatSomebodyTookAwayIsPutBackBeforeTheEnd) {
  Guest guest = Made("web");
  Edit("web", {{"metadata", {{"finalizers", nullptr}}}});
  Observe("web");
  guest = *store_.Get(guest.key, AnyCall());
  const absl::StatusOr<int64_t> marked = store_.MarkDeleting(guest, AnyCall());
  ASSERT_TRUE(marked.ok()) << marked.status();
  EXPECT_TRUE(store_.Get(guest.key, AnyCall())->deleting);
  EXPECT_EQ(Object("web")["metadata"]["finalizers"], json{kGuestFinalizer});
}

TEST_F(KubeGuestStoreTest, TheGarbageCollectorMarksTheGuestOfADeletedVm) {
  const Guest guest = Made("web");
  server_.CollectGarbage();  // no VM has that uid
  Observe("web");
  EXPECT_TRUE(store_.Get(guest.key, AnyCall())->deleting);
  EXPECT_EQ(Object("web")["metadata"]["finalizers"], json{kGuestFinalizer});
}

// After the first of its two writes the guest is still the former VM's.
TEST_F(KubeGuestStoreTest, ARebindThatFailsHalfWayCanBeDoneAgain) {
  Guest guest = Made("web");
  guest.status.phase = Phase::kWaiting;
  server_.BeforeNextWrite([this] {
    client_.Fail({.failure = absl::UnavailableError("cut"), .verb = KubeVerb::kPatch});
  });
  EXPECT_FALSE(store_.Rebind(guest, {"uid-new"}, AnyCall()).ok());
  guest = *store_.Get(guest.key, AnyCall());
  EXPECT_EQ(guest.uid.text, "uid-web");
  EXPECT_EQ(guest.status.phase, Phase::kWaiting);
  ASSERT_TRUE(store_.Rebind(guest, {"uid-new"}, AnyCall()).ok());
  EXPECT_EQ(Object("web")["metadata"]["ownerReferences"].size(), 1u);
  EXPECT_EQ(Object("web")["metadata"]["ownerReferences"][0]["uid"], "uid-new");
  EXPECT_EQ(Object("web")["metadata"]["labels"][kVmUidLabel], "uid-new");
}

TEST_F(KubeGuestStoreTest, AGuestEditedToNonsenseIsNobodysAndTheOthersGoOn) {
  Made("web");
  Made("db");
  json object = Object("web");
  object["spec"]["identity"]["enroll"] = "maybe";
  object["metadata"]["resourceVersion"] = "999";
  store_.Upsert(object.dump());
  const absl::Status flaw = store_.Get({"lab", "web"}, AnyCall()).status();
  EXPECT_TRUE(absl::IsInvalidArgument(flaw));
  EXPECT_THAT(flaw.ToString(), HasSubstr("lab/web: spec.identity.enroll: not true or false"));
  EXPECT_EQ(store_.List(std::nullopt, 10, AnyCall())->size(), 1u);
  store_.Upsert("{\"metadata\":");
  object["spec"]["identity"]["enroll"] = true;
  object["metadata"]["resourceVersion"] = "1000";
  store_.Upsert(object.dump());
  EXPECT_EQ(store_.Get({"lab", "web"}, AnyCall())->spec.enroll, Wish::kYes);
}

TEST_F(KubeGuestStoreTest, AnEventThatComesLateChangesNothing) {
  Guest guest = Made("web");
  const json before = Object("web");
  guest.spec.enroll = Wish::kYes;
  guest.version = store_.UpdateSpec(guest, AnyCall()).value();
  std::vector<std::string> told;
  store_.OnChange([&](const GuestKey& key) { told.push_back(key.name); });
  store_.Upsert(before.dump());
  Observe("web");
  EXPECT_THAT(told, IsEmpty());
  EXPECT_EQ(store_.Get(guest.key, AnyCall())->version, guest.version);
  ASSERT_TRUE(store_.Delete(guest.key, guest.version, AnyCall()).ok());
  told.clear();
  store_.Upsert(before.dump());
  EXPECT_TRUE(absl::IsNotFound(store_.Get(guest.key, AnyCall()).status())) << "it came back";
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(KubeGuestStoreTest, AnEndThatIsToldLateEndsNobodyElse) {
  const Guest first = Made("web");
  const std::string uid = Object("web")["metadata"]["uid"];
  ASSERT_TRUE(store_.Delete(first.key, first.version, AnyCall()).ok());
  const Guest second = Made("web");
  store_.Drop(second.key, uid);
  EXPECT_EQ(store_.Get(second.key, AnyCall())->version, second.version);
  store_.Drop(second.key, Object("web")["metadata"]["uid"]);
  EXPECT_TRUE(absl::IsNotFound(store_.Get(second.key, AnyCall()).status()));
}

// The mirror begins after it: only the end of the full read can tell.
TEST_F(KubeGuestStoreTest, AGuestThatNoMirrorEverSawEndsWithAFullRead) {
  const Guest web = Made("web");
  std::promise<void> gone;
  store_.OnChange([&](const GuestKey& key) {
    if (absl::IsNotFound(store_.Get(key, AnyCall()).status())) gone.set_value();
  });
  Edit("web", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_TRUE(other_.Delete(Path("web"), {}, AnyCall()).ok());
  SystemRandom random;
  MirroredGuests consumer(store_, [] {});
  const Mirror mirror(client_, MirroredGuests::Collection(), consumer, {}, random);
  EXPECT_EQ(gone.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST_F(KubeGuestStoreTest, AFullReadEndsNobodyWhoWasReadOrWrittenMeanwhile) {
  Made("web");
  Guest db = Made("db");
  store_.BeginRead();
  Observe("web");
  db.spec.generation = 1;
  ASSERT_TRUE(store_.UpdateSpec(db, AnyCall()).ok());
  Made("new");
  store_.EndRead();
  EXPECT_EQ(store_.List(std::nullopt, 10, AnyCall())->size(), 3u);
  store_.BeginRead();
  store_.EndRead();
  EXPECT_EQ(store_.List(std::nullopt, 10, AnyCall())->size(), 0u);
}

TEST_F(KubeGuestStoreTest, OfTwoGuestsThatClaimOneVmTheOlderOneCounts) {
  const Guest web = Made("web");
  json imposter = Object("web");
  imposter["metadata"]["name"] = "aaa";
  imposter["metadata"]["creationTimestamp"] = "2999-01-01T00:00:00Z";
  store_.Upsert(imposter.dump());
  EXPECT_EQ(store_.GetByUid(web.uid, AnyCall())->key.name, "web");
}

}  // namespace
}  // namespace innkeeper
