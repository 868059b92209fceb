#include "vm/testing/genuine_hypervisor.h"

#include "vm/testing/agent_socket.h"

namespace innkeeper {

GenuineHypervisor::GenuineHypervisor() {
  fake_.SetAgentScript([this](const DomainId& id, const std::string& command,
                              const Call& call) -> absl::StatusOr<std::string> {
    const std::string socket = sockets_.With([&](auto& sockets) { return sockets[id]; });
    return AskAgentSocket(socket, command, 5, call);
  });
}

void GenuineHypervisor::Add(const DomainState& domain, const std::string& agent_socket) {
  sockets_.With([&](auto& sockets) { sockets[domain.id] = agent_socket; });
  fake_.Define(domain);
  fake_.Boot(domain.id);
  fake_.ConnectAgent(domain.id);
}

}  // namespace innkeeper
