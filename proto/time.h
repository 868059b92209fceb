#pragma once
// absl's times in protobuf's messages and back.

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"

namespace innkeeper {

inline google::protobuf::Timestamp ToProtoTime(absl::Time time) {
  google::protobuf::Timestamp message;
  message.set_seconds(absl::ToUnixSeconds(time));
  message.set_nanos(static_cast<int32_t>((time - absl::FromUnixSeconds(message.seconds())) /
                                         absl::Nanoseconds(1)));
  return message;
}

inline absl::Time FromProtoTime(const google::protobuf::Timestamp& message) {
  return absl::FromUnixSeconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}

inline google::protobuf::Duration ToProtoDuration(absl::Duration duration) {
  google::protobuf::Duration message;
  message.set_seconds(absl::ToInt64Seconds(duration));
  message.set_nanos(
      static_cast<int32_t>((duration - absl::Seconds(message.seconds())) / absl::Nanoseconds(1)));
  return message;
}

inline absl::Duration FromProtoDuration(const google::protobuf::Duration& message) {
  return absl::Seconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}

}  // namespace innkeeper
