#include "bench/vm_corpus.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "coordinator/admission/carried.h"
#include "coordinator/admission/vm_decode.h"
#include "coordinator/home/kube/vmi_view.h"
#include "coordinator/kube/kube_decode.h"

namespace innkeeper {
namespace {

TEST(VmCorpus, MakesObjectsOfTheSizeThatClustersHave) {
  for (const CorpusKind kind : {CorpusKind::kVm, CorpusKind::kVmi}) {
    const std::string object = ObjectOf(kind, 7);
    EXPECT_TRUE(nlohmann::json::accept(object));
    EXPECT_GT(object.size(), 3'200u) << NameOf(kind);
    EXPECT_LT(object.size(), 4'500u) << NameOf(kind);
  }
}

TEST(VmCorpus, MakesMachinesThatOurWebhookHasPrepared) {
  const absl::StatusOr<VmView> vm = DecodeVm(ObjectOf(CorpusKind::kVm, 7));
  ASSERT_TRUE(vm.ok());
  EXPECT_EQ(vm->enroll, "true");
  const Carried carried = CarriedBy(*vm);
  EXPECT_EQ(carried.secrets.join, "web-000007-innkeeper");
  EXPECT_EQ(carried.secrets.user_data, "web-000007-innkeeper-user-data");
}

TEST(VmCorpus, MakesInstancesOfThoseMachines) {
  const absl::StatusOr<VmView> vm = DecodeVm(ObjectOf(CorpusKind::kVm, 7));
  const std::string object = ObjectOf(CorpusKind::kVmi, 7) + std::string(64, ' ');
  const absl::StatusOr<VmiView> vmi = DecodeVmi(object);
  ASSERT_TRUE(vm.ok() && vmi.ok());
  EXPECT_EQ(vmi->vm_uid, vm->uid);
  EXPECT_EQ(vmi->key, (GuestKey{vm->ns, vm->name}));
  EXPECT_EQ(vmi->phase, "Running");
  EXPECT_TRUE(vmi->agent_connected);
  EXPECT_FALSE(vmi->domain.empty());
}

TEST(VmCorpus, GivesEachMachineAnIdentityOfItsOwn) {
  std::set<std::string> uids;
  for (size_t i = 0; i < 1'000; ++i) {
    const nlohmann::json vm = nlohmann::json::parse(ObjectOf(CorpusKind::kVm, i));
    uids.insert(vm["metadata"]["uid"]);
    uids.insert(vm["spec"]["template"]["spec"]["domain"]["firmware"]["uuid"]);
  }
  EXPECT_EQ(uids.size(), 2'000u);
}

TEST(VmCorpus, MakesPagesAndEventsThatTheDecoderTakes) {
  size_t seen = 0;
  const KubeSink sink = [&](KubeChange, std::string_view) {
    ++seen;
    return absl::OkStatus();
  };
  std::string page = PageOf(CorpusKind::kVm, 10, 5, "next");
  const absl::StatusOr<KubePage> decoded = DecodePage(page, sink);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->next, "next");
  EXPECT_EQ(seen, 5u);

  std::string lines;
  AppendEvent(CorpusKind::kVmi, "ADDED", 1, 1, lines);
  lines += InitialEventsEnd(CorpusKind::kVmi, 2);
  WatchDecoder decoder(sink, 1u << 20);
  EXPECT_TRUE(decoder.Feed(lines.data(), lines.size()).ok());
  EXPECT_EQ(seen, 7u);
}

}  // namespace
}  // namespace innkeeper
