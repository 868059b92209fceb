#include "coordinator/guests/reasons_reference.h"

#include "coordinator/guests/reasons.h"

namespace innkeeper {
namespace {

// The runbook has a section for each one that somebody may have to look at.
std::string CodeCell(const ReasonText& text) {
  const std::string code = text.code;
  if (std::string(text.severity) != "Warning") return "`" + code + "`";
  std::string anchor = code;
  for (char& c : anchor) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return "[`" + code + "`](../runbook/reasons.md#" + anchor + ")";
}

}  // namespace

std::string ReasonsReference() {
  std::string page =
      "# Reason codes\n\n"
      "Written from `coordinator/guests/reasons.def` by `scripts/reference`. Conditions and events "
      "use\n"
      "these codes. They are stable: scripts and alerts may match them. Each warning has a section "
      "in\n"
      "the runbook.\n\n"
      "| code | severity | meaning | what to do |\n"
      "|---|---|---|---|\n";
  for (const Reason reason : AllReasons()) {
    const ReasonText& text = TextOf(reason);
    page += "| " + CodeCell(text) + " | " + text.severity + " | " + text.meaning + " | " +
            text.remedy + " |\n";
  }
  return page;
}

}  // namespace innkeeper
