#include "coordinator/admission/user_data/form.h"

#include <gtest/gtest.h>

#include "coordinator/admission/user_data/testing/user_data_samples.h"

namespace innkeeper {
namespace {

TEST(UserDataForm, EachSampleHasItsForm) {
  for (const UserDataSample& sample : UserDataSamples()) {
    EXPECT_STREQ(NameOf(Recognise(sample.bytes).form), NameOf(sample.form)) << sample.name;
  }
}

TEST(UserDataForm, AGzipBombEndsAtTheCap) {
  const std::string bomb = Gzip("#cloud-config\n" + std::string(64u << 20, ' '));
  ASSERT_LT(bomb.size(), kUserDataCap);
  const UserDataShape shape = Recognise(bomb);
  EXPECT_EQ(shape.form, UserDataForm::kTooLarge);
  EXPECT_TRUE(shape.unpacked.empty());
}

TEST(UserDataForm, WhatDoesNotFitIntoASecretIsLeftAlone) {
  const std::string first = "#cloud-config\n";
  const std::string fits = first + std::string(kUserDataCap - first.size(), 'x');
  EXPECT_EQ(Recognise(fits).form, UserDataForm::kCloudConfig);
  EXPECT_EQ(Recognise(fits + "x").form, UserDataForm::kTooLarge);
  EXPECT_FALSE(IsComposable(UserDataForm::kTooLarge));
}

}  // namespace
}  // namespace innkeeper
