// 2,000 VMs of every shape: what is true of each of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "coordinator/admission/testing/vm_builder.h"
#include "coordinator/admission/testing/vm_generator.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr int kVms = 2000;
constexpr uint64_t kSeed = 20260101;

class GeneratedVms : public testing::Test {
 protected:
  GeneratedVms() : admission_(index_, {DefaultPolicy(), {}, {"lab"}}) {}
  template <class Check>
  void ForEach(Check check) {
    VmGenerator generator(kSeed);
    for (int i = 0; i < kVms && !HasFailure(); ++i) {
      const json vm = generator.Next();
      SCOPED_TRACE(i);
      check(vm, AdmitCreate(admission_, vm));
      if (HasFailure()) ADD_FAILURE() << vm.dump();
    }
  }
  OptInSets index_;
  VmAdmission admission_;
};

TEST_F(GeneratedVms, AreOfEveryKind) {
  std::map<AdmissionResult, int> counts;
  ForEach([&](const json&, const Outcome& created) { ++counts[created.result]; });
  EXPECT_GT(counts[AdmissionResult::kPrepared], kVms / 4);
  EXPECT_GT(counts[AdmissionResult::kAgent], kVms / 10);
  EXPECT_GT(counts[AdmissionResult::kNotAsked], kVms / 50);
}

TEST_F(GeneratedVms, GetNoPatchTheSecondTime) {
  ForEach([&](const json&, const Outcome& created) {
    EXPECT_TRUE(created.allowed);
    EXPECT_EQ(AdmitCreate(admission_, created.vm).patch, json());
    for (const char* status : {"Running", "Stopped", "Starting"}) {
      const json old = Stopped(created.vm, status);
      EXPECT_EQ(AdmitUpdate(admission_, old, old).patch, json()) << status;
    }
  });
}

// kubectl apply and server-side apply both bring the user's lists back as a whole.
TEST_F(GeneratedVms, AreTheSameAfterTheUsersManifestIsAppliedAgain) {
  ForEach([&](const json& manifest, const Outcome& created) {
    const bool named = manifest["metadata"].contains("name");
    if (!named) return;
    for (const char* status : {"Running", "Stopped"}) {
      const json old = Stopped(created.vm, status);
      EXPECT_EQ(AdmitUpdate(admission_, old, Stopped(manifest, status)).vm, old) << status;
      json merged = old;
      merged["spec"] = manifest["spec"];
      EXPECT_EQ(AdmitUpdate(admission_, old, merged).vm, old) << status;
    }
  });
}

TEST_F(GeneratedVms, AreAsBeforeAfterOptOut) {
  ForEach([&](const json& manifest, const Outcome& created) {
    const json declined = Labelled(Stopped(created.vm), "false");
    const Outcome out = AdmitUpdate(admission_, Stopped(created.vm), declined);
    EXPECT_EQ(WithoutEmpty(out.vm), WithoutEmpty(Labelled(Stopped(manifest), "false")));
  });
}

TEST_F(GeneratedVms, ThatRunAreNotTouchedByOptInNorByOptOut) {
  ForEach([&](const json& manifest, const Outcome& created) {
    const json running = Stopped(created.vm, "Running");
    const Outcome out = AdmitUpdate(admission_, running, Labelled(running, "false"));
    EXPECT_EQ(out.vm["spec"], running["spec"]);
    const json plain = Stopped(Labelled(manifest, "false"), "Running");
    const Outcome in = AdmitUpdate(admission_, plain, Labelled(plain, "true"));
    EXPECT_EQ(in.patch, json());
  });
}

// At most the cloud-init volume's source, one volume, one disk and one annotation.
TEST_F(GeneratedVms, KeepAllElse) {
  ForEach([&](const json& manifest, const Outcome& created) {
    json rest = created.vm;
    json& spec = rest["spec"]["template"]["spec"];
    const auto is_ours = [](const json& entry) { return entry["name"] == "innkeeper"; };
    const json& before = manifest["spec"]["template"]["spec"];
    if (created.result != AdmissionResult::kPrepared) {
      EXPECT_EQ(created.patch, json());
      return;
    }
    for (json* list : {&spec["volumes"], &spec["domain"]["devices"]["disks"]}) {
      const auto ours = std::find_if(list->begin(), list->end(), is_ours);
      ASSERT_NE(ours, list->end());
      list->erase(ours);
    }
    for (size_t i = 0; i < spec["volumes"].size(); ++i) {
      for (const char* kind : {"cloudInitNoCloud", "cloudInitConfigDrive"}) {
        if (!spec["volumes"][i].contains(kind)) continue;
        json& source = spec["volumes"][i][kind];
        const json& original = before["volumes"][i][kind];
        EXPECT_EQ(source.value("networkData", ""), original.value("networkData", ""));
        source = original;
      }
    }
    rest["metadata"]["annotations"].erase("innkeeper.dev/prepared");
    EXPECT_EQ(WithoutEmpty(rest), WithoutEmpty(manifest));
  });
}

}  // namespace
}  // namespace innkeeper
