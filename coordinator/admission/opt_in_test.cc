#include "coordinator/admission/opt_in.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

using Kind = OptInSets::Kind;

VmView LabelledView(std::optional<std::string> enroll, std::optional<std::string> old) {
  VmView vm;
  vm.enroll = std::move(enroll);
  vm.old_enroll = std::move(old);
  return vm;
}

TEST(OptIn, OnlyTrueAndFalseSaySomething) {
  EXPECT_EQ(OwnWish(LabelledView("true", {})), Wish::kYes);
  EXPECT_EQ(OwnWish(LabelledView("false", {})), Wish::kNo);
  EXPECT_EQ(OwnWish(LabelledView({}, "true")), Wish::kYes);
  EXPECT_EQ(OwnWish(LabelledView({}, "false")), Wish::kNo);
  for (const char* odd : {"", "True", "yes", "1", " true"}) {
    EXPECT_EQ(OwnWish(LabelledView(odd, {})), Wish::kUnset) << odd;
  }
}

TEST(OptIn, TheNewerLabelWinsWhereItSaysSomething) {
  EXPECT_EQ(OwnWish(LabelledView("false", "true")), Wish::kNo);
  EXPECT_EQ(OwnWish(LabelledView("true", "false")), Wish::kYes);
  EXPECT_EQ(OwnWish(LabelledView("maybe", "true")), Wish::kYes);
}

TEST(OptIn, TheVmsOwnNoWinsOverAllItInherits) {
  OptInSets index;
  index.Set(Kind::kNamespace, "", "shop", true);
  EXPECT_EQ(WishOf(LabelledView({}, {}), "shop", index), Wish::kYes);
  EXPECT_EQ(WishOf(LabelledView("false", {}), "shop", index), Wish::kNo);
  EXPECT_EQ(WishOf(LabelledView({}, {}), "lab", index), Wish::kUnset);
}

TEST(OptIn, AReferenceWithoutKindIsTheClusters) {
  OptInSets index;
  index.Set(Kind::kInstanceType, "", "u1", true);
  index.Set(Kind::kInstanceType, "shop", "own", true);
  VmView vm;
  for (const char* kind : {"", "VirtualMachineClusterInstancetype"}) {
    vm.instance_type = {kind, "u1"};
    EXPECT_EQ(WishOf(vm, "shop", index), Wish::kYes) << kind;
  }
  vm.instance_type = {"VirtualMachineInstancetype", "u1"};
  EXPECT_EQ(WishOf(vm, "shop", index), Wish::kUnset);
  vm.instance_type = {"VirtualMachineInstancetype", "own"};
  EXPECT_EQ(WishOf(vm, "shop", index), Wish::kYes);
  EXPECT_EQ(WishOf(vm, "lab", index), Wish::kUnset);
  vm.instance_type = {};
  vm.preference = {"", "u1"};
  EXPECT_EQ(WishOf(vm, "shop", index), Wish::kUnset);
}

TEST(OptIn, ALabelThatWentAsksNoMore) {
  OptInSets index;
  index.Set(Kind::kPreference, "", "fedora", true);
  VmView vm;
  vm.preference.name = "fedora";
  EXPECT_EQ(WishOf(vm, "shop", index), Wish::kYes);
  index.Set(Kind::kPreference, "", "fedora", false);
  EXPECT_EQ(WishOf(vm, "shop", index), Wish::kUnset);
}

TEST(OptIn, TellsTheNamesOfThoseThatAsk) {
  OptInSets index;
  index.Set(Kind::kInstanceType, "", "u1", true);
  index.Set(Kind::kInstanceType, "shop", "u1", true);
  index.Set(Kind::kInstanceType, "shop", "a", true);
  index.Set(Kind::kPreference, "", "p", true);
  EXPECT_EQ(index.Names(Kind::kInstanceType), (std::vector<std::string>{"a", "u1"}));
}

TEST(OptIn, OfWhatIsInheritedOnlyYesCounts) {
  EXPECT_TRUE(LabelsAsk("true", {}));
  EXPECT_TRUE(LabelsAsk({}, "true"));
  EXPECT_FALSE(LabelsAsk("false", "true"));
  EXPECT_FALSE(LabelsAsk({}, {}));
}

}  // namespace
}  // namespace innkeeper
