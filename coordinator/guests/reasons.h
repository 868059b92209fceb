#pragma once

#include <optional>
#include <string>
#include <vector>

namespace innkeeper {

enum class Reason {
#define REASON(code, severity, meaning, remedy) k##code,
#include "coordinator/guests/reasons.def"
#undef REASON
};

struct ReasonText {
  const char* code;
  const char* severity;  // "Normal", "Warning"
  const char* meaning;
  const char* remedy;  // empty: nothing to do
};
const ReasonText& TextOf(Reason reason);
std::optional<Reason> ParseReason(const std::string& code);
const std::vector<Reason>& AllReasons();

}  // namespace innkeeper
