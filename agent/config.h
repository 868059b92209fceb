#pragma once

#include <string>
#include <vector>

#include "base/config.h"

namespace innkeeper {

// The agent's configuration: docs/reference/agent.md is made from Describe.
struct AgentConfig {
  std::string state_dir = "/var/lib/innkeeper-agent";
  std::vector<std::string> libvirt_uris = {"qemu:///system"};
  Duration libvirt_sweep = std::chrono::seconds(30);
  Duration inspect_interval = std::chrono::minutes(5);
  int64_t lane_workers = 8;
  Duration lane_stuck_grace = std::chrono::seconds(10);
  std::string coordinator_endpoint;  // host:port; empty: as learned when joining
  std::vector<std::string> coordinator_resolve;
  Duration reconnect_first = std::chrono::seconds(1);
  Duration reconnect_most = std::chrono::seconds(60);
  bool units = true;
  std::string http_listen = "127.0.0.1:7446";
  std::string log_level = "info";
  Duration drain = std::chrono::seconds(10);

  void Describe(ConfigSchema& schema);
};

inline constexpr char kAgentConfigFile[] = "/etc/innkeeper/agent.yaml";

}  // namespace innkeeper
