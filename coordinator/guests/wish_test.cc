#include "coordinator/guests/wish.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

struct Case {
  const char* says;
  Wish spec;
  std::optional<Wish> metadata;  // nothing: the VM is unknown
  bool identity;
  Intent intent;
};

class IntentTable : public testing::TestWithParam<Case> {};

TEST_P(IntentTable, IsAsWritten) {
  const Case& c = GetParam();
  Guest guest;
  guest.spec.enroll = c.spec;
  if (c.identity) guest.status.fqdn = {"web.lab.test"};
  std::optional<VmRecord> vm;
  if (c.metadata) vm.emplace().wish = *c.metadata;
  EXPECT_EQ(IntentOf(guest, vm), c.intent) << c.says;
}

INSTANTIATE_TEST_SUITE_P(
    Wish, IntentTable,
    testing::Values(
        Case{"nobody asked", Wish::kUnset, Wish::kUnset, false, Intent::kNone},
        Case{"metadata says yes", Wish::kUnset, Wish::kYes, false, Intent::kEnroll},
        Case{"metadata says no", Wish::kUnset, Wish::kNo, true, Intent::kDecline},
        Case{"spec's no wins over metadata's yes", Wish::kNo, Wish::kYes, true, Intent::kDecline},
        Case{"spec's yes wins over metadata's no", Wish::kYes, Wish::kNo, true, Intent::kEnroll},
        Case{"spec's yes needs no VM", Wish::kYes, std::nullopt, true, Intent::kEnroll},
        Case{"spec's no needs no VM", Wish::kNo, std::nullopt, true, Intent::kDecline},
        Case{"vanished metadata never declines", Wish::kUnset, Wish::kUnset, true,
             Intent::kVanished},
        Case{"a vanished VM never declines", Wish::kUnset, std::nullopt, true, Intent::kVanished},
        Case{"a vanished VM without identity", Wish::kUnset, std::nullopt, false, Intent::kNone}));

TEST(WishedFqdn, IsTheSpecsBeforeTheMetadatas) {
  Guest guest;
  std::optional<VmRecord> vm;
  EXPECT_EQ(WishedFqdn(guest, vm), "");
  vm.emplace().wish_fqdn = "a.test";
  EXPECT_EQ(WishedFqdn(guest, vm), "a.test");
  guest.spec.fqdn = "b.test";
  EXPECT_EQ(WishedFqdn(guest, vm), "b.test");
}

}  // namespace
}  // namespace innkeeper
