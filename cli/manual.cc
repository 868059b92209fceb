#include "cli/manual.h"

namespace innkeeper {
namespace {

Manual::Section ExitStatus() {
  return {"EXIT STATUS",
          {{"0", "Done."},
           {"1", "The request failed; the message says why."},
           {"2", "Wrong arguments."},
           {"3", "No such guest, node or token."},
           {"4", "Not allowed."},
           {"5", "The coordinator does not answer."},
           {"6", "--wait ran out of time."},
           {"7", "It worked, but what was asked about is not well (verify, audit)."}}};
}

Manual::Section Output() {
  return {"OUTPUT",
          {{"table", "Columns for people."},
           {"wide", "The table with more columns."},
           {"json, yaml", "The API's own message, all fields: for scripts."},
           {"name", "One NAMESPACE/NAME (a node's NAME) a line: for xargs."}}};
}

}  // namespace

Manual CliManual() {
  Manual manual;
  manual.section = 1;
  manual.summary = "enrol libvirt guests in FreeIPA, and see how they are";
  manual.description = {
      "innkeeper talks to innkeeper-coordinator: over its unix socket on the same machine, or over "
      "HTTPS with an operator's certificate from `innkeeper-coordinator operator issue`.",
      "A guest is named NAMESPACE/NAME, or by NAME alone where only one namespace has it. Results "
      "go to standard output; progress, questions and errors go to standard error.",
      "Commands that wish something return when the wish is stored. With --wait they return when "
      "it has come true, or when waiting cannot help: the message then says what a person must "
      "do."};
  manual.sections = {
      ExitStatus(),
      Output(),
      {"FILES",
       {{"/run/innkeeper/coordinator.sock",
         "The coordinator's socket. Who may open it may use all commands."}}},
  };
  manual.see_also = {"innkeeper-coordinator(8)", "innkeeper-agent(8)", "ipa(1)", "virsh(1)"};
  return manual;
}

}  // namespace innkeeper
