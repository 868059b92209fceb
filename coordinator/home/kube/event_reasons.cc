#include "coordinator/home/kube/event_reasons.h"

namespace innkeeper {

std::optional<JoinerEvent> JoinerEventOf(Reason reason) {
  switch (reason) {
    case Reason::kHostRegistered:
      return JoinerEvent{"IPAEnrollSuccess"};
    case Reason::kEnrolled:
    case Reason::kKeyUnproven:
      return JoinerEvent{"IPAEnrollmentComplete"};
    case Reason::kHostRemoved:
      return JoinerEvent{"IPADeleteSuccess"};
    case Reason::kConflict:
    case Reason::kNameRefused:
    case Reason::kNameTaken:
    case Reason::kPolicyRefused:
    case Reason::kQuotaExceeded:
    case Reason::kIpaUnavailable:
    case Reason::kIpaDenied:
    case Reason::kIpaRefused:
      return JoinerEvent{"IPAEnrollFailed", true};
    case Reason::kJoinTimeout:
      return JoinerEvent{"IPAEnrollmentTimeout", true};
    case Reason::kRemovalHeld:
      return JoinerEvent{"IPADeleteFailed", true};
    default:
      return std::nullopt;
  }
}

}  // namespace innkeeper
