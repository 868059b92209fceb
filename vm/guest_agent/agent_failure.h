#pragma once
// What the guest agent's error texts mean. libvirt loses the agent's error class on the way, so the
// text is all there is; qemu-ga's texts are English on Linux and have not changed since 2.x.

#include <string>

#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

// The class of an error that the agent itself returned; kInternal for an unknown text.
AgentFailure ClassifyAgentText(const std::string& text);

}  // namespace innkeeper
