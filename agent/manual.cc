#include "agent/manual.h"

namespace innkeeper {

Manual AgentManual() {
  Manual manual;
  manual.section = 8;
  manual.summary = "the node's part of Innkeeper";
  manual.description = {
      "innkeeper-agent runs on a libvirt host. It watches the host's domains, tells the "
      "coordinator "
      "what changes, and does in guests what the coordinator orders, through their guest agents. "
      "It "
      "holds no credentials of FreeIPA; a stolen node yields nothing but its own guests.",
      "A node joins once, with a token of `innkeeper-coordinator token create`; from then on it "
      "has "
      "a certificate and renews it. Without a command it runs until SIGTERM.",
      "Configuration comes from the file, then from environment variables named after the keys "
      "(libvirt.uris is INNKEEPER_AGENT_LIBVIRT_URIS), then from --set. All keys: "
      "--print-config-reference. A key that is not known stops the start."};
  manual.sections = {
      {"EXIT STATUS",
       {{"0", "Ended in order."},
        {"1", "Failed; the message says why."},
        {"2", "Wrong arguments or configuration, or the node has not joined."}}},
      {"FILES",
       {{"/etc/innkeeper/agent.yaml", "The configuration."},
        {"/var/lib/innkeeper-agent",
         "state_dir: the node's key and certificate (current/), and "
         "what it learned when joining (joined.json)."}}},
      {"SIGNALS",
       {{"SIGTERM, SIGINT",
         "End: running guest calls may go on for `drain`, then they are "
         "abandoned; the coordinator takes them up again later."}}},
      {"DIAGNOSTICS",
       {{"http.listen", "GET /livez, /readyz?verbose and /metrics (plain HTTP, on loopback)."},
        {"log", "JSON lines on standard error."}}},
  };
  manual.see_also = {"innkeeper-coordinator(8)", "innkeeper(1)", "virsh(1)", "systemd.service(5)"};
  return manual;
}

}  // namespace innkeeper
