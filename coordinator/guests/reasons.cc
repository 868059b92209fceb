#include "coordinator/guests/reasons.h"

namespace innkeeper {
namespace {

constexpr ReasonText kTexts[] = {
#define REASON(code, severity, meaning, remedy) {#code, #severity, meaning, remedy},
#include "coordinator/guests/reasons.def"
#undef REASON
};

}  // namespace

const ReasonText& TextOf(Reason reason) { return kTexts[static_cast<size_t>(reason)]; }

std::optional<Reason> ParseReason(const std::string& code) {
  for (const Reason reason : AllReasons()) {
    if (code == TextOf(reason).code) return reason;
  }
  return std::nullopt;
}

const std::vector<Reason>& AllReasons() {
  static const std::vector<Reason> all = {
#define REASON(code, severity, meaning, remedy) Reason::k##code,
#include "coordinator/guests/reasons.def"
#undef REASON
  };
  return all;
}

}  // namespace innkeeper
