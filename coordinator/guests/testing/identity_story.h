#pragma once
// What the stories of identities share.

#include <gtest/gtest.h>

#include "coordinator/guests/names.h"
#include "coordinator/guests/testing/guest_world.h"

namespace innkeeper {

inline void PrintTo(Phase phase, std::ostream* out) { *out << NameOf(phase); }
inline void PrintTo(Reason reason, std::ostream* out) { *out << TextOf(reason).code; }

inline const GuestKey kWeb{"lab", "web"};
inline const Fqdn kWebName{"web.lab.example.test"};

class IdentityStory : public testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(world_.ipa.violations().empty()); }
  // A guest that is enrolled already.
  VmUid Enrolled(const std::string& name = "web") {
    const VmUid uid = world_.AddVm(name);
    world_.Settle();
    EXPECT_TRUE(world_.IsEnrolled({"lab", name}));
    return uid;
  }
  GuestWorld world_;
};

}  // namespace innkeeper
