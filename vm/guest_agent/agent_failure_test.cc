#include "vm/guest_agent/agent_failure.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

using enum AgentFailure;

TEST(AgentFailureTest, AStatusCarriesItsFailure) {
  for (int i = static_cast<int>(kNotRunning); i <= static_cast<int>(kInternal); ++i) {
    const auto failure = static_cast<AgentFailure>(i);
    const absl::Status status = AgentError(failure, "why");
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(FailureOf(status), failure);
    EXPECT_EQ(FailureOf(Annotate(status, "guest web")), failure);
  }
}

TEST(AgentFailureTest, AStatusWithoutPayloadHasNone) {
  EXPECT_EQ(FailureOf(absl::OkStatus()), kNone);
  EXPECT_EQ(FailureOf(absl::UnavailableError("x")), kNone);
}

TEST(AgentFailureTest, AForeignPayloadIsInternal) {
  for (const char* text : {"", "x", "4 ", "-1", "99", "99999999999999999999"}) {
    absl::Status status = absl::UnavailableError("x");
    status.SetPayload("innkeeper.dev/agent-failure", absl::Cord(text));
    EXPECT_EQ(FailureOf(status), kInternal) << text;
  }
}

TEST(AgentFailureTest, TheGuestsTextIsCleanedAndCut) {
  const std::string message(AgentError(kInternal, "a\x1b[31m" + std::string(5000, 'x')).message());
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_LT(message.size(), 400u);
}

TEST(AgentFailureTest, TheAgentsTextsAreKnown) {
  const std::pair<const char*, AgentFailure> kTable[] = {
      {"Command guest-exec has been disabled", kBlocked},
      {"Command guest-exec has been disabled: the agent is in frozen state", kFrozen},
      {"The command guest-set-time has not been found", kUnsupported},
      {"failed to open file '/etc/x' (mode: 'r'): No such file or directory", kNotFound},
      {"failed to open file '/etc/x' (mode: 'r'): Permission denied", kPermission},
      {"Failed to execute child process \"/x\" (No such file or directory)", kNotFound},
      {"Failed to execute child process \xe2\x80\x9c/x\xe2\x80\x9d (Permission denied)",
       kPermission},
      {"Invalid parameter 'pid'", kResultLost},
      {"PID 77 does not exist", kResultLost},
      {"handle '1000' has not been found", kResultLost},
      {"Parameter 'path' is missing", kInternal},
      {"", kInternal},
  };
  for (const auto& [text, failure] : kTable) EXPECT_EQ(ClassifyAgentText(text), failure) << text;
}

}  // namespace
}  // namespace innkeeper
