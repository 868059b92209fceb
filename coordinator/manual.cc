#include "coordinator/manual.h"

namespace innkeeper {
namespace {

Manual::Section Files() {
  return {"FILES",
          {{"/etc/innkeeper/coordinator.yaml", "The configuration."},
           {"/run/innkeeper/coordinator.sock",
            "The admin API's socket, for root and "
            "listen.socket_group."},
           {"/var/lib/innkeeper/innkeeper.db",
            "Guests, nodes, placements and events: what `backup` "
            "copies."},
           {"/var/lib/innkeeper/vault",
            "Keys of the authorities and hashes of tokens, 0600. Back "
            "them up apart, readable by root only."},
           {"/var/lib/innkeeper/cluster-id", "Made once; stands in every ownership tag."},
           {"/var/lib/innkeeper/audit.log", "Who did what: a JSON line each."}}};
}

}  // namespace

Manual CoordinatorManual() {
  Manual manual;
  manual.section = 8;
  manual.summary = "the centre of Innkeeper";
  manual.description = {
      "innkeeper-coordinator decides which guest gets which identity, keeps what was decided, "
      "registers hosts in FreeIPA and gives orders to the agents. It is the only part that speaks "
      "to FreeIPA. Without a command, or with `serve`, it runs until SIGTERM.",
      "`ipa setup` makes the least-privilege role and account in FreeIPA with an administrator's "
      "password from standard input; it shows what it will do and asks. `ipa check` proves each "
      "right, and what must not be possible.",
      "`token`, `operator`, `ca` and `backup` ask the coordinator that runs on this machine, over "
      "its "
      "socket.",
      "Configuration comes from the file, then from environment variables named after the keys "
      "(listen.api is INNKEEPER_COORDINATOR_LISTEN_API), then from --set. All keys: "
      "--print-config-reference. A key that is not known stops the start."};
  manual.sections = {
      {"EXIT STATUS",
       {{"0", "Done, or ended in order."},
        {"1", "Failed; the message says why."},
        {"2", "Wrong arguments or configuration."}}},
      Files(),
      {"SIGNALS",
       {{"SIGTERM, SIGINT",
         "End: no write to FreeIPA is under way afterwards. Agents reconnect to "
         "the next start."}}},
      {"DIAGNOSTICS",
       {{"listen.metrics", "GET /livez, /readyz?verbose and /metrics (plain HTTP, on loopback)."},
        {"listen.api", "GET /openapi.json describes the admin API."},
        {"log", "JSON lines on standard error."}}},
  };
  manual.see_also = {"innkeeper-agent(8)", "innkeeper(1)", "ipa(1)", "systemd.service(5)"};
  return manual;
}

}  // namespace innkeeper
