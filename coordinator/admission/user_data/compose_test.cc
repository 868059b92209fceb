#include "coordinator/admission/user_data/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/admission/user_data/testing/user_data_samples.h"

namespace innkeeper {
namespace {

constexpr char kHook[] = "#cloud-boothook\n#!/bin/sh\nexit 0\n";

TEST(Compose, WhatIsTakenApartIsWhatWasPutIn) {
  for (const UserDataSample& sample : UserDataSamples()) {
    if (!IsComposable(sample.form)) continue;
    const absl::StatusOr<TakenApart> apart = TakeApart(Compose(sample.bytes, kHook).bytes);
    ASSERT_TRUE(apart.ok()) << sample.name;
    EXPECT_EQ(apart->hook, kHook) << sample.name;
    const UserDataShape shape = Recognise(sample.bytes);
    if (sample.form == UserDataForm::kNone) {
      EXPECT_EQ(apart->user, "") << sample.name;
    } else if (shape.gzip) {
      EXPECT_EQ(apart->user, shape.unpacked) << sample.name;
    } else {
      EXPECT_EQ(apart->user, sample.bytes) << sample.name;
    }
  }
}

TEST(Compose, LeavesOtherFormsAsTheyAre) {
  for (const UserDataSample& sample : UserDataSamples()) {
    if (IsComposable(sample.form)) continue;
    const ComposedUserData composed = Compose(sample.bytes, kHook);
    EXPECT_EQ(composed.bytes, sample.bytes) << sample.name;
    EXPECT_EQ(composed.form, sample.form) << sample.name;
    EXPECT_FALSE(TakeApart(composed.bytes).ok()) << sample.name;
  }
}

TEST(Compose, GivesTheSameBytesEachTime) {
  for (const UserDataSample& sample : UserDataSamples()) {
    EXPECT_EQ(Compose(sample.bytes, kHook).bytes, Compose(sample.bytes, kHook).bytes);
  }
}

TEST(Compose, OfWhatItComposedItselfTheUsersPartStaysWhole) {
  const std::string once = Compose("#cloud-config\na: b\n", kHook).bytes;
  const absl::StatusOr<TakenApart> apart = TakeApart(Compose(once, kHook).bytes);
  ASSERT_TRUE(apart.ok());
  EXPECT_EQ(apart->user, once);
}

TEST(Compose, AMimeMessageThatLooksWrappedByUsComesBackAsItWas) {
  const std::string user =
      "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nbWltZS12ZXJzaW9uOg==\n"
      "MIME-Version: 1.0\n";
  const absl::StatusOr<TakenApart> apart = TakeApart(Compose(user, kHook).bytes);
  ASSERT_TRUE(apart.ok());
  EXPECT_EQ(apart->user, user);
}

TEST(TakeApart, RefusesWhatWasChangedAnywhere) {
  const std::string composed = Compose("#cloud-config\na: b\n", kHook).bytes;
  for (size_t at = 0; at < composed.size(); ++at) {
    std::string changed = composed;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    const absl::StatusOr<TakenApart> apart = TakeApart(changed);
    // A changed letter of base64 is another text: the boundary, made from it, would differ.
    EXPECT_FALSE(apart.ok()) << at;
    EXPECT_FALSE(TakeApart(composed.substr(0, at)).ok()) << at;
  }
}

}  // namespace
}  // namespace innkeeper
