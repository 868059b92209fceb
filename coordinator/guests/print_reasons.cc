// Prints docs/reference/reasons.md from the table of reason codes.
#include <cstdio>

#include "coordinator/guests/reasons.h"

int main() {
  using innkeeper::TextOf;
  std::puts("# Reason codes\n");
  std::puts(
      "Generated from `coordinator/guests/reasons.def` by `print_reasons`; `scripts/lint` checks");
  std::puts(
      "that they agree. Conditions, events and metrics use these codes. They are stable: scripts");
  std::puts("and alerts may match them.\n");
  std::puts("| code | severity | meaning | what to do |");
  std::puts("|---|---|---|---|");
  for (const innkeeper::Reason reason : innkeeper::AllReasons()) {
    const innkeeper::ReasonText& text = TextOf(reason);
    std::printf("| `%s` | %s | %s | %s |\n", text.code, text.severity, text.meaning, text.remedy);
  }
  return 0;
}
