// cloud-init's own parser as the judge: what it makes of the user's bytes alone, it still makes of
// them beside our part, in the same order and under the same names.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "base/testing/temp_dir.h"
#include "coordinator/admission/user_data/compose.h"
#include "coordinator/admission/user_data/testing/user_data_samples.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr char kHook[] = "#cloud-boothook\n#!/bin/sh\nexit 0\n";

// The standard output of a shell command that must succeed.
std::string OutputOf(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> block{};
  while (const size_t size = fread(block.data(), 1, block.size(), pipe)) {
    out.append(block.data(), size);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

class CloudInit : public testing::Test {
 protected:
  // As "user" and "both" under the sample's index.
  void SetUp() override {
    const char* root = std::getenv("INNKEEPER_GUEST_ROOT");
    ASSERT_NE(root, nullptr) << "run by tests/env/in_env";
    std::string command = "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=" + std::string(root) +
                          "/usr/lib/python3/dist-packages /usr/bin/python3 " + CLOUD_INIT_PARTS;
    for (size_t i = 0; i < samples_.size(); ++i) {
      command += " " + folder_.Write(Name("user", i), samples_[i].bytes);
      command += " " + folder_.Write(Name("both", i), Compose(samples_[i].bytes, kHook).bytes);
    }
    parts_ = json::parse(OutputOf(command + " 2>/dev/null"));
  }
  static std::string Name(const std::string& what, size_t index) {
    return what + std::to_string(index);
  }
  json Parts(const std::string& what, size_t index) const {
    return parts_.at(folder_.File(Name(what, index)));
  }

  const std::vector<UserDataSample> samples_ = UserDataSamples();
  TempDir folder_;
  json parts_;
};

TEST_F(CloudInit, FindsTheUsersPartsAndOursBehindThem) {
  for (size_t i = 0; i < samples_.size(); ++i) {
    if (!IsComposable(samples_[i].form)) continue;
    SCOPED_TRACE(samples_[i].name);
    json expected = Parts("user", i);
    if (samples_[i].form == UserDataForm::kNone) expected = json::array();
    ASSERT_TRUE(expected.is_array());
    json both = Parts("both", i);
    ASSERT_EQ(both.size(), expected.size() + 1);
    const json ours = both.back();
    both.erase(both.size() - 1);
    EXPECT_EQ(both, expected);
    EXPECT_EQ(ours[0], "text/cloud-boothook");
    EXPECT_EQ(ours[1], "innkeeper");
  }
}

// What we compose is what cloud-init acts upon; only blank user-data is neither.
TEST_F(CloudInit, ActsUponWhatWeComposeAndOnNothingElse) {
  const std::set<std::string> ignored = {"text/plain", "text/x-not-multipart"};
  for (size_t i = 0; i < samples_.size(); ++i) {
    if (samples_[i].form == UserDataForm::kNone) continue;
    SCOPED_TRACE(samples_[i].name);
    const json parts = Parts("user", i);
    bool acts = false;
    for (const json& part : parts.is_array() ? parts : json::array()) {
      acts = acts || ignored.count(part[0]) == 0;
    }
    EXPECT_EQ(acts, IsComposable(samples_[i].form));
  }
}

}  // namespace
}  // namespace innkeeper
