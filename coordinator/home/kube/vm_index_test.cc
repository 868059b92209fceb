#include "coordinator/home/kube/vm_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/testing/fake_clock.h"
#include "coordinator/admission/prepared_record.h"

namespace innkeeper {
namespace {

using Kind = OptInSets::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

VmView Vm(const std::string& name, const std::string& uid) {
  VmView vm;
  vm.ns = "lab";
  vm.name = name;
  vm.uid = uid;
  return vm;
}

VmiView Vmi(const std::string& name, const std::string& uid, const std::string& vm_uid) {
  VmiView vmi;
  vmi.key = {"lab", name};
  vmi.uid = uid;
  vmi.vm_uid = vm_uid;
  vmi.phase = "Running";
  vmi.node = {"n1"};
  vmi.domain = "domain-" + name;
  return vmi;
}

class VmIndexTest : public testing::Test {
 protected:
  VmRecord At(const std::string& uid) { return index_.Find({uid}).value_or(VmRecord{}); }
  FakeClock clock_;
  VmIndex index_{clock_};
};

TEST_F(VmIndexTest, AVmAndItsInstanceAreOneRecordInWhateverOrderTheyCome) {
  for (const bool vm_first : {true, false}) {
    VmIndex index(clock_);
    if (vm_first) index.SetVm(Vm("web", "vm"));
    EXPECT_THAT(index.SetVmi(Vmi("web", "vmi", "vm")), ElementsAre(VmUid{"vm"}));
    if (!vm_first) index.SetVm(Vm("web", "vm"));
    const VmRecord record = *index.Find({"vm"});
    EXPECT_EQ(record.key.Text(), "lab/web");
    EXPECT_EQ(record.node.text, "n1");
    EXPECT_EQ(record.run, VmRun::kRunning);
    EXPECT_EQ(record.run_id, "vmi");
    EXPECT_TRUE(record.persistent);
    EXPECT_THAT(index.All(), ElementsAre(VmUid{"vm"}));
  }
}

TEST_F(VmIndexTest, AnInstanceWithoutAVmIsAVmOfItsOwn) {
  index_.SetVmi(Vmi("web", "vmi", ""));
  EXPECT_EQ(At("vmi").run, VmRun::kRunning);
  EXPECT_FALSE(At("vmi").persistent);
}

TEST_F(VmIndexTest, AnInstanceThatIsOrphanedStandsAloneFromThenOn) {
  index_.SetVm(Vm("web", "vm"));
  index_.SetVmi(Vmi("web", "vmi", "vm"));
  EXPECT_THAT(index_.SetVmi(Vmi("web", "vmi", "")), ElementsAre(VmUid{"vm"}, VmUid{"vmi"}));
  EXPECT_EQ(At("vm").run, VmRun::kOff);
  EXPECT_EQ(At("vmi").run, VmRun::kRunning);
}

TEST_F(VmIndexTest, TheRunFollowsThePhase) {
  const struct {
    const char* phase;
    bool paused;
    VmRun run;
  } cases[] = {{"", false, VmRun::kStarting},           {"Pending", false, VmRun::kStarting},
               {"Scheduling", false, VmRun::kStarting}, {"Scheduled", false, VmRun::kStarting},
               {"Running", false, VmRun::kRunning},     {"Running", true, VmRun::kPaused},
               {"Succeeded", false, VmRun::kOff},       {"Failed", false, VmRun::kCrashed},
               {"Unknown", false, VmRun::kUnknown}};
  index_.SetVm(Vm("web", "vm"));
  EXPECT_EQ(At("vm").run, VmRun::kOff) << "created halted";
  for (const auto& c : cases) {
    VmiView vmi = Vmi("web", "vmi", "vm");
    vmi.phase = c.phase;
    vmi.paused = c.paused;
    index_.SetVmi(vmi);
    EXPECT_EQ(At("vm").run, c.run) << c.phase;
  }
}

TEST_F(VmIndexTest, ARestartIsAnotherRun) {
  index_.SetVm(Vm("web", "vm"));
  index_.SetVmi(Vmi("web", "first", "vm"));
  index_.SetVmi(Vmi("web", "second", "vm"));
  EXPECT_THAT(index_.DropVmi("first"), IsEmpty()) << "it comes late";
  EXPECT_EQ(At("vm").run_id, "second");
  EXPECT_EQ(index_.FindByDomain("domain-web", {"n1"}), VmUid{"vm"});
  EXPECT_THAT(index_.DropVmi("second"), ElementsAre(VmUid{"vm"}));
  EXPECT_EQ(At("vm").run, VmRun::kOff);
  EXPECT_EQ(index_.FindByDomain("domain-web", {"n1"}), std::nullopt);
}

TEST_F(VmIndexTest, ARunIsSeenWhenItIsAskedForAndAgainWhenItsDomainIsThere) {
  index_.SetVm(Vm("web", "vm"));
  VmiView vmi = Vmi("web", "vmi", "vm");
  for (const char* phase : {"Pending", "Running"}) {
    clock_.Advance(std::chrono::minutes(1));
    vmi.phase = phase;
    index_.SetVmi(vmi);
    EXPECT_EQ(At("vm").run_since, clock_.Now()) << phase;
  }
  clock_.Advance(std::chrono::minutes(1));
  vmi.agent_connected = true;
  index_.SetVmi(vmi);
  EXPECT_EQ(At("vm").run_since, clock_.Now() - absl::Minutes(1)) << "the same run";
}

TEST_F(VmIndexTest, AVmBootsWithTheSecretsThatItCarries) {
  VmView vm = Vm("web", "vm");
  index_.SetVm(vm);
  EXPECT_FALSE(index_.FindBoot({"vm"}).has_value());
  EXPECT_FALSE(At("vm").joins_at_boot);
  PreparedRecord record{SecretNamesOf("web"), {}};
  record.original.text = "#cloud-config\n{}\n";
  vm.join_secret = record.secrets.join;
  vm.user_data.secret = record.secrets.user_data;
  vm.prepared = record.Text();
  clock_.Advance(std::chrono::minutes(1));
  index_.SetVm(vm);
  EXPECT_TRUE(At("vm").joins_at_boot);
  const BootState before = *index_.FindBoot({"vm"});
  EXPECT_EQ(before.vm.secrets, record.secrets);
  EXPECT_EQ(before.vm.key.Text(), "lab/web");
  EXPECT_EQ(before.since, clock_.Now());
  clock_.Advance(std::chrono::minutes(1));
  record.original.text = "#!/bin/sh\n";
  vm.prepared = record.Text();
  index_.SetVm(vm);
  EXPECT_NE(index_.FindBoot({"vm"})->source, before.source);
  EXPECT_EQ(index_.FindBoot({"vm"})->since, before.since);
  index_.SetVmi(Vmi("web", "vmi", "vm"));
  EXPECT_EQ(index_.FindBoot({"vm"})->run_id, "vmi");
  EXPECT_EQ(index_.FindBoot({"vm"})->since, clock_.Now()) << "it starts";
  index_.DropVm({"vm"});
  EXPECT_FALSE(index_.FindBoot({"vm"}).has_value());
}

// What vanishes from a list may only have vanished from the list.
TEST_F(VmIndexTest, AVmThatVanishedIsMissingAndNeverRemoved) {
  index_.SetVm(Vm("web", "vm"));
  clock_.Advance(std::chrono::hours(1));
  EXPECT_THAT(index_.DropVm({"vm"}), ElementsAre(VmUid{"vm"}));
  EXPECT_EQ(At("vm").presence, VmPresence::kMissing);
  EXPECT_EQ(At("vm").presence_since, clock_.Now());
  index_.SetVm(Vm("web", "vm"));
  EXPECT_EQ(At("vm").presence, VmPresence::kPresent);
  index_.DropVm({"vm"});
  index_.Forget(clock_.Now());
  EXPECT_TRUE(index_.Find({"vm"}).has_value());
  index_.Forget(clock_.Now() + absl::Seconds(1));
  EXPECT_FALSE(index_.Find({"vm"}).has_value());
  EXPECT_THAT(index_.FindByKey({"lab", "web"}), IsEmpty());
}

TEST_F(VmIndexTest, AVmWhoseInstanceStillRunsIsThere) {
  index_.SetVm(Vm("web", "vm"));
  index_.SetVmi(Vmi("web", "vmi", "vm"));
  index_.DropVm({"vm"});
  EXPECT_EQ(At("vm").presence, VmPresence::kPresent);
  index_.DropVmi("vmi");
  EXPECT_EQ(At("vm").presence, VmPresence::kMissing);
}

TEST_F(VmIndexTest, TwoVmsOfOneNameAreBothFound) {
  index_.SetVm(Vm("web", "old"));
  index_.DropVm({"old"});
  index_.SetVm(Vm("web", "new"));
  EXPECT_THAT(index_.FindByKey({"lab", "web"}), ElementsAre(VmUid{"new"}, VmUid{"old"}));
}

TEST_F(VmIndexTest, OnlyTheNodeWhereItRunsMayReportOrDuringAMigrationBothEnds) {
  VmiView vmi = Vmi("web", "vmi", "vm");
  index_.SetVmi(vmi);
  const auto may = [&](const char* node) { return index_.MayReport({"vm"}, {node}); };
  EXPECT_TRUE(may("n1"));
  EXPECT_FALSE(may("n2") || may(""));
  vmi.source = {"n1"};
  vmi.target = {"n2"};
  index_.SetVmi(vmi);
  EXPECT_TRUE(may("n1") && may("n2"));
  EXPECT_FALSE(may("n3"));
  vmi.source = vmi.target = {};
  vmi.node = {"n2"};
  index_.SetVmi(vmi);
  EXPECT_TRUE(may("n2"));
  EXPECT_FALSE(may("n1"));
  index_.DropVmi("vmi");
  EXPECT_FALSE(may("n2"));
}

// Tenants choose the UUIDs of their firmware.
TEST_F(VmIndexTest, ADomainThatTwoVmsClaimIsNobodys) {
  VmiView victim = Vmi("web", "vmi1", "vm1"), thief = Vmi("db", "vmi2", "vm2");
  thief.domain = victim.domain;
  index_.SetVmi(victim);
  EXPECT_EQ(index_.FindByDomain(victim.domain, {"n1"}), VmUid{"vm1"});
  EXPECT_EQ(index_.FindByDomain(victim.domain, {"n2"}), std::nullopt) << "it does not run there";
  EXPECT_EQ(index_.DomainOf({"vm1"}), victim.domain);
  index_.SetVmi(thief);
  EXPECT_EQ(index_.DomainOf({"vm1"}), "");
  EXPECT_EQ(index_.FindByDomain(victim.domain, {"n1"}), std::nullopt);
  index_.DropVmi("vmi2");
  EXPECT_EQ(index_.FindByDomain(victim.domain, {"n1"}), VmUid{"vm1"});
}

TEST_F(VmIndexTest, WhatAVmInheritsCountsUnlessItSaysSomethingItself) {
  VmView vm = Vm("web", "vm");
  vm.instance_type = {"", "small"};
  vm.preference = {"VirtualMachinePreference", "debian"};
  index_.SetVm(vm);
  EXPECT_EQ(At("vm").wish, Wish::kUnset);
  const struct {
    Kind kind;
    const char *ns, *name;
  } asking[] = {{Kind::kNamespace, "", "lab"},
                {Kind::kInstanceType, "", "small"},
                {Kind::kPreference, "lab", "debian"}};
  for (const auto& a : asking) {
    EXPECT_THAT(index_.SetAsks(a.kind, a.ns, a.name, true), ElementsAre(VmUid{"vm"})) << a.name;
    EXPECT_THAT(index_.SetAsks(a.kind, a.ns, a.name, true), IsEmpty()) << "no news";
    EXPECT_EQ(At("vm").wish, Wish::kYes) << a.name;
    index_.SetAsks(a.kind, a.ns, a.name, false);
    EXPECT_EQ(At("vm").wish, Wish::kUnset) << a.name;
  }
  EXPECT_THAT(index_.SetAsks(Kind::kInstanceType, "lab", "small", true), IsEmpty()) << "another's";
  vm.enroll = "false";
  index_.SetVm(vm);
  EXPECT_THAT(index_.SetAsks(Kind::kNamespace, "", "lab", true), IsEmpty());
  EXPECT_EQ(At("vm").wish, Wish::kNo);
}

std::string Say(const VmIndex& index, const VmUid& uid) {
  const std::optional<VmRecord> vm = index.Find(uid);
  if (!vm || vm->presence != VmPresence::kPresent) return "";
  return vm->key.Text() + " " + vm->node.text + " " + vm->run_id + " " +
         std::to_string(static_cast<int>(vm->run)) + std::to_string(static_cast<int>(vm->agent)) +
         std::to_string(static_cast<int>(vm->wish)) + std::to_string(vm->persistent) +
         (index.MayReport(uid, {"n2"}) ? " n2" : "") +
         (index.FindByDomain("domain-a", {"n1"}) == uid ? " a" : "");
}

// Whatever came in whatever order: the same as reading all of it anew.
TEST_F(VmIndexTest, AnIndexThatFollowedEqualsAFreshOne) {
  std::mt19937 random(20261125);
  const auto pick = [&](size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random);
  };
  const std::vector<std::string> names{"a", "b", "c"};
  for (int round = 0; round < 300; ++round) {
    VmIndex followed(clock_);
    std::map<std::string, VmView> vms;
    std::map<std::string, VmiView> vmis;
    std::set<std::string> asking;
    for (int step = 0; step < 40; ++step) {
      const std::string name = names[pick(3)];
      switch (pick(5)) {
        case 0: {
          VmView vm = Vm(name, "vm-" + name);
          if (pick(3) == 0) vm.enroll = pick(2) == 0 ? "true" : "false";
          vm.instance_type = {"", names[pick(3)]};
          followed.SetVm(vms[vm.uid] = vm);
          break;
        }
        case 1:
          followed.DropVm({"vm-" + name});
          vms.erase("vm-" + name);
          break;
        case 2: {
          VmiView vmi =
              Vmi(name, "vmi-" + name + std::to_string(pick(2)), pick(3) == 0 ? "" : "vm-" + name);
          vmi.agent_connected = pick(2) == 0;
          vmi.target = {pick(2) == 0 ? "n2" : ""};
          // Of one name there is one at a time.
          for (auto at = vmis.begin(); at != vmis.end();) {
            const bool other = at->second.key == vmi.key && at->first != vmi.uid;
            if (other) followed.DropVmi(at->first);
            at = other ? vmis.erase(at) : std::next(at);
          }
          followed.SetVmi(vmis[vmi.uid] = vmi);
          break;
        }
        case 3:
          if (!vmis.empty()) {
            const auto at = std::next(vmis.begin(), static_cast<long>(pick(vmis.size())));
            followed.DropVmi(at->first);
            vmis.erase(at);
          }
          break;
        default: {
          const bool asks = pick(2) == 0;
          followed.SetAsks(Kind::kInstanceType, "", name, asks);
          asks ? void(asking.insert(name)) : void(asking.erase(name));
        }
      }
    }
    VmIndex fresh(clock_);
    for (const std::string& name : asking) fresh.SetAsks(Kind::kInstanceType, "", name, true);
    for (const auto& [uid, vmi] : vmis) fresh.SetVmi(vmi);
    for (const auto& [uid, vm] : vms) fresh.SetVm(vm);
    std::set<VmUid> all;
    for (const VmIndex* index : {&followed, &fresh}) {
      for (const VmUid& uid : index->All()) all.insert(uid);
    }
    for (const VmUid& uid : all)
      ASSERT_EQ(Say(followed, uid), Say(fresh, uid)) << "round " << round << " " << uid.text;
  }
}

TEST(VmiViewTest, WhatIsLookedAtIsRead) {
  const absl::StatusOr<VmiView> vmi = DecodeVmi(R"({"metadata":{"namespace":"lab","name":"web",
    "uid":"u1","deletionTimestamp":"2027-01-15T08:00:00Z",
    "ownerReferences":[{"kind":"ReplicaSet","uid":"x"},{"kind":"VirtualMachine","uid":"vm"}]},
    "spec":{"domain":{"firmware":{"uuid":"5D307CA9-B3EF-428C-8861-06E72D69F223"}}},
    "status":{"phase":"Running","nodeName":"n1","conditions":[
      {"type":"AgentConnected","status":"True"},{"type":"Paused","status":"True"}],
    "migrationState":{"sourceNode":"n1","targetNode":"n2"}}})");
  ASSERT_TRUE(vmi.ok()) << vmi.status();
  EXPECT_EQ(vmi->key.Text(), "lab/web");
  EXPECT_EQ(vmi->vm_uid, "vm");
  EXPECT_EQ(vmi->domain, "5d307ca9-b3ef-428c-8861-06e72d69f223");
  EXPECT_EQ(vmi->node.text, "n1");
  EXPECT_TRUE(vmi->deleting && vmi->paused && vmi->agent_connected);
  EXPECT_EQ(vmi->target.text, "n2");
}

TEST(VmiViewTest, AMigrationThatEndedNamesNobody) {
  for (const char* end : {R"("completed":true)", R"("failed":true)", R"("endTimestamp":"x")"}) {
    const auto vmi =
        DecodeVmi(std::string(R"({"metadata":{"namespace":"a","name":"b","uid":"c"},"status":{)") +
                  R"("migrationState":{"sourceNode":"n1","targetNode":"n2",)" + end + "}}}");
    ASSERT_TRUE(vmi.ok()) << vmi.status();
    EXPECT_EQ(vmi->source.text + vmi->target.text, "") << end;
  }
}

TEST(VmiViewTest, NonsenseIsNamed) {
  EXPECT_FALSE(DecodeVmi("{").ok());
  EXPECT_FALSE(DecodeVmi(R"({"metadata":{"name":"a"}})").ok());
  const auto bad =
      DecodeVmi(R"({"metadata":{"namespace":"a","name":"b","uid":"c"},"status":{"nodeName":7}})");
  EXPECT_THAT(bad.status().ToString(), testing::HasSubstr("VMI a/b: status.nodeName: not a text"));
}

}  // namespace
}  // namespace innkeeper
