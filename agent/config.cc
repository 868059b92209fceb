#include "agent/config.h"

namespace innkeeper {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void AgentConfig::Describe(ConfigSchema& schema) {
  schema.Add("state_dir", &state_dir,
             "Folder of the node's key, certificate and what it learned when joining.");
  schema.Add("libvirt.uris", &libvirt_uris, "libvirt daemons to watch.");
  schema.Add("libvirt.sweep", &libvirt_sweep, "Pause between two repair sweeps.",
             {milliseconds(100), hours(1)});
  schema.Add("guests.inspect_interval", &inspect_interval,
             "How often each reachable guest is asked who it is.", {seconds(1), hours(24)});
  schema.Add("lanes.workers", &lane_workers, "Guest-agent steps that run at once.", {1, 64});
  schema.Add("lanes.stuck_grace", &lane_stuck_grace,
             "How long a step may overrun its limit before its worker is replaced.",
             {milliseconds(1), minutes(10)});
  schema.Add("coordinator.endpoint", &coordinator_endpoint,
             "host:port of the coordinator's agent port; default: as learned when joining.");
  schema.Add("coordinator.resolve", &coordinator_resolve,
             "host:port:address entries used instead of DNS for renewals.");
  schema.Add("coordinator.reconnect_first", &reconnect_first,
             "Ceiling of the first wait before reconnecting; it doubles, with jitter.",
             {milliseconds(10), minutes(10)});
  schema.Add("coordinator.reconnect_most", &reconnect_most, "Ceiling of every later wait.",
             {milliseconds(10), hours(1)});
  schema.Add("units.enabled", &units, "Watch systemd's units and machine scopes over the bus.");
  schema.Add("http.listen", &http_listen,
             "address:port of /metrics, /livez and /readyz (plain HTTP); empty: none.");
  schema.AddChoice("log.level", &log_level, "Least level that is logged.",
                   {"debug", "info", "warning", "error"});
  schema.Add("drain", &drain, "How long running guest calls may go on after SIGTERM.",
             {milliseconds(1), minutes(10)});
}

}  // namespace innkeeper
