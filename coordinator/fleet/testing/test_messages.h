#pragma once

#include <string>
#include <vector>

#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// Messages as an agent sends them. `n` makes a uuid and a name.
inline std::string TestUuid(int n) {
  std::string tail = std::to_string(n);
  return "11111111-2222-3333-4444-" + std::string(12 - tail.size(), '0') + tail;
}

inline agent::v1::Domain TestDomain(int n) {
  agent::v1::Domain domain;
  domain.set_uuid(TestUuid(n));
  domain.set_name("vm" + std::to_string(n));
  domain.set_run_state(agent::v1::RUN_STATE_RUNNING);
  domain.set_run_id("boot.1.0");
  domain.set_agent_channel(agent::v1::AGENT_CHANNEL_CONNECTED);
  domain.set_persistent(true);
  return domain;
}

inline agent::v1::AgentMessage HelloMessage(uint64_t epoch,
                                            const std::vector<std::string>& open_orders = {}) {
  agent::v1::AgentMessage message;
  message.mutable_hello()->set_version("0.1.0");
  message.mutable_hello()->set_epoch(epoch);
  for (const std::string& id : open_orders) message.mutable_hello()->add_open_orders(id);
  return message;
}

inline agent::v1::AgentMessage SnapshotMessage(const std::vector<int>& domains,
                                               uint64_t sequence = 0) {
  agent::v1::AgentMessage message;
  for (const int n : domains) *message.mutable_snapshot()->add_domains() = TestDomain(n);
  message.mutable_snapshot()->set_last(true);
  message.mutable_snapshot()->set_sequence(sequence);
  return message;
}

inline agent::v1::AgentMessage DeltaMessage(uint64_t sequence, int domain) {
  agent::v1::AgentMessage message;
  message.mutable_delta()->set_sequence(sequence);
  *message.mutable_delta()->mutable_domain() = TestDomain(domain);
  return message;
}

inline agent::v1::AgentMessage GoneMessage(uint64_t sequence, int domain,
                                           agent::v1::DomainGone::Why why) {
  agent::v1::AgentMessage message;
  message.mutable_delta()->set_sequence(sequence);
  message.mutable_delta()->mutable_gone()->set_uuid(TestUuid(domain));
  message.mutable_delta()->mutable_gone()->set_why(why);
  return message;
}

inline agent::v1::AgentMessage ResultMessage(
    const std::string& id, int domain, agent::v1::ResultClass result = agent::v1::RESULT_CLASS_OK) {
  agent::v1::AgentMessage message;
  message.mutable_result()->set_id(id);
  message.mutable_result()->set_domain_uuid(TestUuid(domain));
  message.mutable_result()->set_result_class(result);
  return message;
}

}  // namespace innkeeper
