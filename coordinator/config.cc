#include "coordinator/config.h"

#include "coordinator/guests/policy.h"

namespace innkeeper {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {
constexpr DurationRange kAnyWait{milliseconds(1), hours(24 * 30)};
}

void CoordinatorConfig::Describe(ConfigSchema& schema) {
  schema.AddChoice("home", &home,
                   "Where guests and keys are kept: plain (files in state_dir) or kubernetes (the "
                   "API server).",
                   {"plain", "kubernetes"});
  schema.Add("state_dir", &state_dir,
             "Folder of the database, the keys and the cluster's id; with Kubernetes of what this "
             "replica serves with, and nothing in it need be kept.");
  schema.Add("cluster_id", &cluster_id,
             "Names this cluster in every ownership tag; default: made once in state_dir.");
  DescribeListeners(schema);
  DescribeIpa(schema);
  DescribeKubernetes(schema);
  schema.AddRows("policy", &policy,
                 "Who may have which names and groups; the first rule that matches decides.",
                 PolicyFields());
  schema.Add("workers", &workers, "Guests worked on at once.", {1, 512});
  schema.Add("brake.removals", &removals_allowed, "Removals allowed within brake.window.",
             {0, 1'000'000});
  schema.Add("brake.window", &removals_window, "Window of the brake on removals.", kAnyWait);
  DescribeTimings(schema);
  schema.AddChoice("log.level", &log_level, "Least level that is logged.",
                   {"debug", "info", "warning", "error"});
  schema.Add("drain", &drain, "How long running requests may go on after SIGTERM.",
             {milliseconds(1), minutes(10)});
}

void CoordinatorConfig::DescribeListeners(ConfigSchema& schema) {
  schema.Add("listen.agents", &listen_agents, "address:port of the gRPC port, agents only.");
  schema.Add("listen.api", &listen_api,
             "address:port of the HTTPS port: join, renewal, admin API.");
  schema.Add("listen.socket", &listen_socket, "unix:/PATH of the admin API's socket.");
  schema.Add("listen.socket_group", &socket_group,
             "Group that may use the socket; default root's.");
  schema.Add(
      "listen.metrics", &listen_metrics,
      "address:port of /metrics, /livez, /readyz in plain HTTP; empty: none (the probes stay on "
      "listen.api).");
  schema.Add(
      "listen.names", &names,
      "DNS names and addresses that agents and people connect to; default: the host's name.");
  schema.Add("listen.agent_endpoint", &agent_endpoint,
             "host:port told to joining agents; default: the first name and the port of "
             "listen.agents.");
  schema.Add("audit.file", &audit_file,
             "Audit log; default: audit.log in state_dir, with Kubernetes lines of our own log.");
  schema.Add("agents.certificate_life", &agent_certificate_life,
             "Life of an agent's certificate; renewed from a third on.",
             {minutes(1), hours(24 * 3650)});
  schema.Add("agents.heartbeat", &heartbeat, "Heartbeat asked of agents.",
             {milliseconds(100), minutes(10)});
  schema.Add("agents.node_grace", &node_grace,
             "After a start: how long a known node may take to report before its silence counts.",
             kAnyWait);
}

void CoordinatorConfig::DescribeIpa(ConfigSchema& schema) {
  schema.Add("ipa.domain", &ipa.domain, "FreeIPA's domain; its servers are found by SRV records.",
             Presence::kRequired);
  schema.Add("ipa.realm", &ipa.realm, "Kerberos realm; default: the domain in upper case.");
  schema.Add("ipa.servers", &ipa.servers, "FQDNs of servers, tried after those found by DNS.");
  schema.Add("ipa.dns_server", &ipa.dns_server,
             "ADDRESS[:PORT] asked for SRV records and server addresses; default: the system's.");
  schema.Add("ipa.resolve", &ipa.resolve, "host:port:address entries used instead of DNS.");
  schema.Add("ipa.ca_file", &ipa.ca_file,
             "PEM bundle that vouches for the servers; also given to guests.", Presence::kRequired);
  schema.Add("ipa.user", &ipa.user, "Service account with a password.");
  schema.Add("ipa.password_file", &ipa.password_file, "File with its password.");
  schema.Add("ipa.principal", &ipa.principal, "Service principal with a keytab.");
  schema.Add("ipa.keytab", &ipa.keytab, "Its keytab.");
  schema.Add("ipa.connect_timeout", &ipa.connect_timeout, "Limit of one connection to a server.",
             {milliseconds(10), minutes(1)});
  schema.Add("ipa.lookup_user", &lookup_user, "User whose lookup in a guest proves sssd.");
}

void CoordinatorConfig::DescribeKubernetes(ConfigSchema& schema) {
  const DurationRange lease{milliseconds(100), minutes(10)};
  schema.Add("kubernetes.kubeconfig", &kubernetes.kubeconfig,
             "kubeconfig with a certificate or token; default: the pod's service account.");
  schema.Add("kubernetes.context", &kubernetes.context,
             "Context of that kubeconfig; default: its current one.");
  schema.Add("kubernetes.namespace", &kubernetes.ns,
             "Namespace of our own objects; default: the pod's, or the context's.");
  schema.Add("kubernetes.lease_time", &kubernetes.lease_time,
             "So long after its last sign of life another replica takes over.", lease);
  schema.Add("kubernetes.renew_deadline", &kubernetes.renew_deadline,
             "A leader that could not renew its Lease for so long writes nothing any more; less "
             "than kubernetes.lease_time.",
             lease);
  schema.Add("kubernetes.retry", &kubernetes.retry,
             "Between two looks at the Lease; less than kubernetes.renew_deadline.", lease);
  schema.Add("kubernetes.pending_after", &kubernetes.pending_after,
             "So long a VM's start waits for its password; then it boots without and is joined "
             "later.",
             kAnyWait);
  schema.Add("webhook.listen", &webhook.listen,
             "address:port of the VirtualMachine webhook; empty: not served.");
  schema.Add(
      "webhook.certificate_dir", &webhook.certificate_dir,
      "Folder with tls.crt and tls.key that somebody else renews (cert-manager, a platform's "
      "service CA); default: a certificate of our own authority, which is put into the "
      "webhook's configuration.");
  schema.Add("webhook.names", &webhook.names,
             "DNS names of our own certificate; default: those of Service innkeeper-webhook.");
  schema.Add("webhook.readable_secrets", &webhook.readable_secrets,
             "Namespaces in which users' Secrets with user-data may be read, or '*'. We need the "
             "right to.");
  schema.Add("virt_ipa_joiner.marks", &virt_ipa_joiner.marks,
             "Keep virt-ipa-joiner's two annotations on VMs, and take its finalizer off those that "
             "are deleted. Needs the component virt-ipa-joiner.");
  schema.Add("virt_ipa_joiner.finalizer", &virt_ipa_joiner.finalizer,
             "The name of that finalizer: virt-ipa-joiner's FINALIZER_NAME.", Presence::kRequired);
}

void CoordinatorConfig::DescribeTimings(ConfigSchema& schema) {
  schema.Add("join.timeout", &join_timeout, "Limit of one enrolment in a guest.", kAnyWait);
  schema.Add("join.clock_tolerance", &clock_tolerance,
             "A guest's clock further off is set, or the enrolment refused.",
             {milliseconds(1), minutes(5)});
  const auto add = [&](const char* key, Duration* value, const char* help) {
    schema.Add(std::string("timings.") + key, value, help, kAnyWait);
  };
  add("attempt_deadline", &timings.attempt_deadline,
      "From the issue of a password until it is withdrawn.");
  add("keytab_recheck", &timings.keytab_recheck,
      "Between two looks for the key in FreeIPA after the guest joined.");
  add("order_resend", &timings.order_resend, "An order of which nothing is heard is sent again.");
  add("retry_first", &timings.retry_first, "First wait after a failed try; it doubles.");
  add("retry_most", &timings.retry_most, "Longest wait between failed tries.");
  add("held_recheck", &timings.held_recheck, "After a failure that only a person can mend.");
  add("unknown_outcome", &timings.unknown_outcome,
      "After a write to FreeIPA whose outcome is unknown.");
  add("conflict_recheck", &timings.conflict_recheck,
      "Between two looks at a conflict or a missing right.");
  add("undefine_grace", &timings.undefine_grace,
      "From a witnessed undefine to the removal of the identity.");
  add("leave_deadline", &timings.leave_deadline,
      "How long an opt-out tries to reach the guest before it goes on without.");
  add("recheck", &timings.recheck, "While something is awaited that nobody reports.");
  add("agent_grace", &timings.agent_grace,
      "A guest agent's state is a condition once it lasted this long.");
  add("host_sweep", &timings.host_sweep, "Between two comparisons with FreeIPA's hosts.");
  add("reconcile_deadline", &timings.reconcile_deadline, "Limit of one pass over a guest.");
}

}  // namespace innkeeper
