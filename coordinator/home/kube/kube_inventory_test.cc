#include "coordinator/home/kube/kube_inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const NodeIdentity kNode{{"n1"}, "hosts"}, kOtherNode{{"n2"}, "hosts"};
const VmUid kWeb{"vm-web"}, kDomain{"domain-web"};

VmView Vm(const std::string& name) {
  VmView vm;
  vm.ns = "lab";
  vm.name = name;
  vm.uid = "vm-" + name;
  return vm;
}

VmiView Vmi(const std::string& name) {
  VmiView vmi;
  vmi.key = {"lab", name};
  vmi.uid = "vmi-" + name;
  vmi.vm_uid = "vm-" + name;
  vmi.phase = "Running";
  vmi.node = kNode.node;
  vmi.domain = "domain-" + name;
  return vmi;
}

DomainReport Report(const VmUid& domain) {
  DomainReport report;
  report.uid = domain;
  report.name = "lab_web";
  report.run = VmRun::kRunning;
  report.run_id = "boot-1";
  report.agent = VmAgent::kConnected;
  report.wish = Wish::kYes;
  return report;
}

class KubeInventoryTest : public testing::Test {
 protected:
  KubeInventoryTest() {
    inventory_.OnChange([this](const VmUid& uid) { told_.push_back(uid.text); });
  }
  void StartWeb() {
    inventory_.SetVm(Vm("web"));
    inventory_.SetVmi(Vmi("web"));
  }
  VmRecord At(const VmUid& uid) { return inventory_.Find(uid).value_or(VmRecord{}); }
  std::vector<std::string> Told() { return std::exchange(told_, {}); }

  FakeClock clock_;
  KubeInventory inventory_{clock_, {}};
  std::vector<std::string> told_;
};

TEST_F(KubeInventoryTest, AReportCountsFromTheNodeOfTheInstanceWhicheverComesFirst) {
  for (const bool report_first : {true, false}) {
    KubeInventory inventory(clock_, {});
    if (!report_first) inventory.SetVmi(Vmi("web"));
    inventory.NodeConnected(kNode);
    inventory.Snapshot(kNode, {Report(kDomain)});
    if (report_first) inventory.SetVmi(Vmi("web"));
    inventory.SetVm(Vm("web"));
    const VmRecord vm = *inventory.Find(kWeb);
    EXPECT_TRUE(vm.node_connected);
    EXPECT_EQ(vm.agent, VmAgent::kConnected);
    EXPECT_EQ(vm.run_id, "vmi-web/boot-1");
    EXPECT_EQ(vm.key.Text(), "lab/web") << "not the domain's name";
    EXPECT_EQ(vm.wish, Wish::kUnset) << "a domain's metadata counts for nothing here";
  }
}

TEST_F(KubeInventoryTest, AnotherNodesReportOfTheSameDomainCountsForNothing) {
  StartWeb();
  Told();
  inventory_.NodeConnected(kOtherNode);
  inventory_.Snapshot(kOtherNode, {Report(kDomain)});
  inventory_.JobChanged(kOtherNode, kDomain, {.id = "join-1"});
  EXPECT_EQ(At(kWeb).agent, VmAgent::kDisconnected);
  EXPECT_FALSE(At(kWeb).node_connected);
  EXPECT_THAT(At(kWeb).jobs, IsEmpty());
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(KubeInventoryTest, WhatTwoVmsClaimIsNobodysReport) {
  StartWeb();
  inventory_.NodeConnected(kNode);
  inventory_.Snapshot(kNode, {Report(kDomain)});
  VmiView thief = Vmi("thief");
  thief.domain = kDomain.text;
  inventory_.SetVmi(thief);
  for (const VmUid& uid : {kWeb, VmUid{"vm-thief"}}) {
    EXPECT_NE(At(uid).agent, VmAgent::kConnected);
    EXPECT_EQ(inventory_.DomainOf(uid).text, "");
  }
  EXPECT_FALSE(inventory_.domains().Find(kDomain).has_value()) << "no order goes there";
}

TEST_F(KubeInventoryTest, AMigrationMovesToTheTargetsReportWhenTheInstanceSaysSo) {
  StartWeb();
  for (const NodeIdentity& node : {kNode, kOtherNode}) inventory_.NodeConnected(node);
  inventory_.Snapshot(kNode, {Report(kDomain)});
  inventory_.JobChanged(kNode, kDomain, {.id = "join-1"});
  EXPECT_EQ(At(kWeb).jobs.size(), 1u);
  VmiView moving = Vmi("web");
  moving.source = kNode.node;
  moving.target = kOtherNode.node;
  inventory_.SetVmi(moving);
  DomainReport incoming = Report(kDomain);
  incoming.run_id = "boot-2";
  inventory_.Changed(kOtherNode, incoming);
  EXPECT_EQ(At(kWeb).run_id, "vmi-web/boot-1");
  moving.node = kOtherNode.node;
  inventory_.SetVmi(moving);
  EXPECT_EQ(At(kWeb).run_id, "vmi-web/boot-2");
  EXPECT_THAT(At(kWeb).jobs, IsEmpty()) << "the new node is asked";
  EXPECT_EQ(inventory_.domains().Find(kDomain)->node.text, "n2");
}

TEST_F(KubeInventoryTest, JobsFollowTheirDomainAndEndWithIt) {
  StartWeb();
  inventory_.NodeConnected(kNode);
  inventory_.Snapshot(kNode, {Report(kDomain)});
  inventory_.JobChanged(kNode, kDomain, {.id = "join-1"});
  Told();
  inventory_.JobForgotten(kNode, kDomain, "join-2");
  EXPECT_THAT(Told(), IsEmpty());
  inventory_.JobForgotten(kNode, kDomain, "join-1");
  EXPECT_THAT(Told(), ElementsAre("vm-web"));
  inventory_.JobChanged(kNode, kDomain, {.id = "join-3"});
  inventory_.Snapshot(kNode, {});
  EXPECT_THAT(At(kWeb).jobs, IsEmpty());
  EXPECT_EQ(At(kWeb).agent, VmAgent::kDisconnected) << "virt-handler's word is left";
}

TEST_F(KubeInventoryTest, ADisconnectedNodeIsShownAndItsLastWordKept) {
  StartWeb();
  inventory_.NodeConnected(kNode);
  inventory_.Snapshot(kNode, {Report(kDomain)});
  clock_.Advance(std::chrono::minutes(1));
  Told();
  inventory_.NodeDisconnected(kNode);
  EXPECT_THAT(Told(), ElementsAre("vm-web"));
  EXPECT_FALSE(At(kWeb).node_connected);
  EXPECT_EQ(At(kWeb).node_since, clock_.Now());
  EXPECT_EQ(At(kWeb).run_id, "vmi-web/boot-1") << "not a new run";
}

TEST_F(KubeInventoryTest, AnOrderGoesByTheDomainsUuid) {
  StartWeb();
  EXPECT_EQ(inventory_.DomainOf(kWeb), kDomain);
  const VmRecord domain = inventory_.domains().Find(kDomain).value();
  EXPECT_EQ(domain.uid, kDomain);
  EXPECT_EQ(domain.node, kNode.node);
  inventory_.DropVmi("vmi-web");
  EXPECT_EQ(inventory_.DomainOf(kWeb).text, "");
}

TEST_F(KubeInventoryTest, NothingIsSettledBeforeTheServerWasReadAndTheNodesSpoke) {
  NodeRecord known;
  known.identity = kNode;
  NodeRecord revoked;
  revoked.identity = kOtherNode;
  revoked.revoked = true;
  inventory_.Expect({known, revoked});
  EXPECT_FALSE(inventory_.AllNodesConnected());
  for (const auto source : {KubeInventory::Source::kGuests, KubeInventory::Source::kVms}) {
    inventory_.Synced(source);
    inventory_.Synced(source);
    EXPECT_FALSE(inventory_.Settled());
  }
  inventory_.Synced(KubeInventory::Source::kVmis);
  EXPECT_FALSE(inventory_.Settled()) << "n1 has not reported";
  inventory_.NodeConnected(kNode);
  inventory_.Snapshot(kNode, {});
  EXPECT_TRUE(inventory_.Settled());
  EXPECT_TRUE(inventory_.AllNodesConnected());
}

TEST_F(KubeInventoryTest, ANodesSilenceIsWaitedForOnlySoLongTheServersForEver) {
  NodeRecord known;
  known.identity = kNode;
  inventory_.Expect({known});
  clock_.Advance(std::chrono::minutes(2));
  EXPECT_FALSE(inventory_.Settled()) << "nobody has read the server";
  inventory_.Synced(KubeInventory::Source::kGuests);
  inventory_.Synced(KubeInventory::Source::kVms);
  inventory_.Synced(KubeInventory::Source::kVmis);
  EXPECT_TRUE(inventory_.Settled());
}

TEST_F(KubeInventoryTest, VmsThatAreMissingForLongAreForgotten) {
  inventory_.SetVm(Vm("web"));
  inventory_.DropVm(kWeb);
  EXPECT_EQ(At(kWeb).presence, VmPresence::kMissing);
  clock_.Advance(std::chrono::hours(24 * 8));
  inventory_.SetVm(Vm("db"));
  inventory_.DropVm({"vm-db"});
  EXPECT_FALSE(inventory_.Find(kWeb).has_value());
  EXPECT_TRUE(inventory_.Find({"vm-db"}).has_value());
}

}  // namespace
}  // namespace innkeeper
