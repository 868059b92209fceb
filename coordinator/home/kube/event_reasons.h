#pragma once

#include <optional>

#include "coordinator/guests/reasons.h"

namespace innkeeper {

// Whose alerts match events of virt-ipa-joiner finds them under its reasons too, on the same VM.
// Nothing: it had no such event.
struct JoinerEvent {
  const char* reason;
  bool warning = false;
};
std::optional<JoinerEvent> JoinerEventOf(Reason reason);

}  // namespace innkeeper
