#pragma once

#include <string>
#include <vector>

#include "base/config.h"
#include "coordinator/guests/timings.h"

namespace innkeeper {

// The coordinator's configuration: docs/reference/coordinator.md is made from Describe.
struct CoordinatorConfig {
  std::string home = "plain";  // or "kubernetes"
  std::string state_dir = "/var/lib/innkeeper";
  std::string cluster_id;  // empty: the file in state_dir, made once

  std::string listen_agents = "0.0.0.0:7443";
  std::string listen_api = "0.0.0.0:7444";
  std::string listen_socket = "unix:/run/innkeeper/coordinator.sock";
  std::string socket_group;
  std::string listen_metrics = "127.0.0.1:7445";
  std::vector<std::string> names;  // DNS names and addresses agents use; first: advertised
  std::string agent_endpoint;      // host:port told to agents; default: names[0] and the port
  std::string audit_file;          // default: state_dir/audit.log

  struct Ipa {
    std::string domain, realm;
    std::vector<std::string> servers, resolve;
    std::string dns_server, ca_file;
    std::string user, password_file, principal, keytab;
    Duration connect_timeout = std::chrono::seconds(5);
  } ipa;

  struct Kubernetes {
    std::string kubeconfig, context;  // empty: in-cluster; the file's current one
    std::string ns;                   // empty: where the kubeconfig or the pod is
    Duration lease_time = std::chrono::seconds(15);
    Duration renew_deadline = std::chrono::seconds(10);
    Duration retry = std::chrono::seconds(2);
    Duration pending_after = std::chrono::seconds(30);
  } kubernetes;

  struct Webhook {
    std::string listen;           // empty: not served
    std::string certificate_dir;  // empty: of our own authority
    std::vector<std::string> names;
    std::vector<std::string> readable_secrets;
  } webhook;

  struct VirtIpaJoiner {
    bool marks = false;
    std::string finalizer = "ipa.enroll/cleanup";
  } virt_ipa_joiner;

  std::vector<ConfigSchema::Row> policy;
  int64_t workers = 64;
  int64_t removals_allowed = 10;
  Duration removals_window = std::chrono::minutes(10);
  Duration node_grace = std::chrono::seconds(90);
  Duration heartbeat = std::chrono::seconds(10);
  Duration join_timeout = std::chrono::minutes(15);
  Duration agent_certificate_life = std::chrono::hours(24 * 90);
  Duration clock_tolerance = std::chrono::minutes(4);
  std::string lookup_user = "admin";
  Timings timings;
  std::string log_level = "info";
  Duration drain = std::chrono::seconds(10);

  void Describe(ConfigSchema& schema);

 private:
  void DescribeListeners(ConfigSchema& schema);
  void DescribeIpa(ConfigSchema& schema);
  void DescribeKubernetes(ConfigSchema& schema);
  void DescribeTimings(ConfigSchema& schema);
};

inline constexpr char kCoordinatorConfigFile[] = "/etc/innkeeper/coordinator.yaml";

}  // namespace innkeeper
