#include "vm/libvirt/libvirt_error.h"

#include <gtest/gtest.h>

#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {
namespace {

using enum AgentFailure;
using Code = absl::StatusCode;

constexpr int kRpc = 7, kQemu = 10, kRemote = 13, kConfig = 20;

struct Case {
  LibvirtError error;
  AgentFailure failure;
  Code code;
};

TEST(LibvirtErrorTest, NumbersAndTextsMeanWhatTheFactsSay) {
  const std::string agent = "internal error: unable to execute QEMU agent command 'guest-exec': ";
  const Case kCases[] = {
      {{38, kRpc, 0, "End of file while reading data: Input/output error"},
       kDaemonLost,
       Code::kUnavailable},
      {{38, kRpc, 32, "Cannot write data: Broken pipe"}, kDaemonLost, Code::kUnavailable},
      {{38, kRpc, 111, "Failed to connect socket"}, kDaemonLost, Code::kUnavailable},
      {{1, kRpc, 0, "internal error: client socket is closed"}, kDaemonLost, Code::kUnavailable},
      {{1, kRemote, 0, "whatever"}, kDaemonLost, Code::kUnavailable},
      {{45, 0, 0, "authentication failed"}, kDaemonLost, Code::kUnavailable},
      {{39, kRpc, 0, "other"}, kDaemonLost, Code::kUnavailable},
      {{39, kRpc, 0, "Unable to encode message payload"}, kTooLarge, Code::kResourceExhausted},
      {{38, kQemu, 34, "No complete agent response found in 10485760 bytes"},
       kPoisoned,
       Code::kFailedPrecondition},
      {{42, kQemu, 0, "Domain not found"}, kDomainGone, Code::kNotFound},
      {{55, kQemu, 0, "domain is not running"}, kNotRunning, Code::kFailedPrecondition},
      {{74, kQemu, 0, "QEMU guest agent is not configured"}, kNoChannel, Code::kFailedPrecondition},
      {{74, kQemu, 0, "other"}, kUnsupported, Code::kUnimplemented},
      {{3, 0, 0, "not supported"}, kUnsupported, Code::kUnimplemented},
      {{84, kConfig, 0, "not supported"}, kUnsupported, Code::kUnimplemented},
      {{68, kQemu, 0, "cannot acquire state change lock"}, kBusy, Code::kResourceExhausted},
      {{86, kQemu, 0, "QEMU guest agent is not connected"}, kNotConnected, Code::kUnavailable},
      {{86, kQemu, 0, "guest agent not available for now"}, kUnresponsive, Code::kDeadlineExceeded},
      {{86, kQemu, 0, "Guest agent disappeared while executing command"},
       kNotConnected,
       Code::kUnavailable},
      {{86, kQemu, 0, "QEMU guest agent is not available due to an error"},
       kPoisoned,
       Code::kFailedPrecondition},
      {{112, kQemu, 0, "timeout"}, kUnresponsive, Code::kDeadlineExceeded},
      {{113, kQemu, 0, agent + "Command guest-exec has been disabled"},
       kBlocked,
       Code::kPermissionDenied},
      {{1, kQemu, 0, agent + "Command guest-exec has been disabled"},
       kBlocked,
       Code::kPermissionDenied},
      {{1, kQemu, 0, agent + "PID 7 does not exist"}, kResultLost, Code::kDataLoss},
      {{1, kQemu, 0, agent + "The command guest-exec has not been found"},
       kUnsupported,
       Code::kUnimplemented},
      {{1, 0, 0, "internal error: cannot parse json {..."}, kBadAnswer, Code::kDataLoss},
      {{1, 0, 0, "internal error: failed to convert virJSONValue to yajl data"},
       kBadAnswer,
       Code::kDataLoss},
      {{1, 0, 0, "internal error: other"}, kNone, Code::kInternal},
      {{29, 0, 0, "operation forbidden"}, kNone, Code::kPermissionDenied},
      {{88, 0, 0, "access denied"}, kNone, Code::kPermissionDenied},
      {{80, 0, 0, "metadata not found"}, kNone, Code::kNotFound},
      {{108, 0, 0, "no hostname"}, kNone, Code::kNotFound},
      {{9999, 0, 0, "?"}, kNone, Code::kInternal},
  };
  for (const Case& c : kCases) {
    const absl::Status status = ToStatus(c.error, "doing");
    EXPECT_EQ(FailureOf(status), c.failure) << status << " code " << c.error.code;
    EXPECT_EQ(status.code(), c.code) << status << " code " << c.error.code;
    EXPECT_EQ(IsConnectionLoss(c.error), c.failure == kDaemonLost) << status;
  }
}

TEST(LibvirtErrorTest, TheMessageSaysWhatWasDoneAndIsClean) {
  const absl::Status status = ToStatus({9999, 5, 0, "a\x1b[2J"}, "listing domains");
  EXPECT_EQ(std::string(status.message()), "listing domains: a\uFFFD[2J (9999/5)");
}

}  // namespace
}  // namespace innkeeper
