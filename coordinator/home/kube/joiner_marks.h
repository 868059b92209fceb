#pragma once
// What virt-ipa-joiner writes on a VirtualMachine, as we read it and go on writing it: names on the
// wire that its users' scripts look at.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace innkeeper {

inline constexpr char kJoinerStatusAnnotation[] = "ipa-enroll/status";  // "Enrolled as <fqdn>"
inline constexpr char kJoinerErrorAnnotation[] = "ipa-enroll/error";    // "Failed: <text>"
inline constexpr char kJoinerFinalizer[] = "ipa.enroll/cleanup";        // unless configured there

struct JoinerMarks {
  bool finalizer = false;
  std::string status, error;  // the annotations; empty: not there
  bool operator==(const JoinerMarks&) const = default;
};

// Of a VirtualMachine's JSON, which 64 readable bytes follow. What makes no sense counts as no
// mark. A VM without any costs a search through its text.
JoinerMarks ReadJoinerMarks(std::string_view object, const std::string& finalizer);

// What is to become of them; a text that is not set stays as it is, an empty one goes.
struct JoinerChange {
  std::optional<std::string> status, error;
  bool drop_finalizer = false;
  bool empty() const { return !status && !error && !drop_finalizer; }
};

// A JSON Patch of the VM's metadata and of nothing else, which fails where the VM is another or
// what it takes away has changed. Empty: it is so already. INVALID_ARGUMENT: no VM. ABORTED: the
// object is not the VM of that uid.
absl::StatusOr<std::string> JoinerPatch(const std::string& object, const std::string& uid,
                                        const std::string& finalizer, const JoinerChange& change);

}  // namespace innkeeper
