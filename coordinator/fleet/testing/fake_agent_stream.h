#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "coordinator/fleet/agent_messages.h"
#include "coordinator/fleet/agent_stream.h"

namespace innkeeper {

// A stream without a network: remembers what was sent and how it ended. As the real one, it takes
// nothing after its end and wipes passwords (after noting them for the test).
class FakeAgentStream final : public AgentStream {
 public:
  explicit FakeAgentStream(const std::string& node, const std::string& space = "demo")
      : node_{.node = {node}, .space = space} {}

  const NodeIdentity& node() const override { return node_; }
  const std::string& address() const override { return address_; }
  absl::Time certificate_expires() const override { return absl::InfiniteFuture(); }
  bool Send(agent::v1::CoordinatorMessage message) override {
    return state_.With([&](State& s) {
      if (s.ended || s.full) return false;
      s.sent.push_back(std::move(message));
      return true;
    });
  }
  void End(absl::Status why) override {
    state_.With([&](State& s) {
      if (!s.ended) s.ended = std::move(why);
    });
  }

  // What was sent since the last call.
  std::vector<agent::v1::CoordinatorMessage> Take() {
    return state_.With([](State& s) { return std::exchange(s.sent, {}); });
  }
  std::optional<absl::Status> ended() {
    return state_.With([](State& s) { return s.ended; });
  }
  void Fill() {
    state_.With([](State& s) { s.full = true; });
  }

 private:
  struct State {
    std::vector<agent::v1::CoordinatorMessage> sent;
    std::optional<absl::Status> ended;
    bool full = false;
  };
  const NodeIdentity node_;
  const std::string address_ = "10.0.0.1";
  Guarded<State> state_;
};

}  // namespace innkeeper
