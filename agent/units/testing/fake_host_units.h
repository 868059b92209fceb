#pragma once

#include <functional>
#include <utility>

#include "agent/units/host_units.h"
#include "base/guarded.h"

namespace innkeeper {

// A host whose units are told by the test. `changed` runs on the telling thread. Thread-safe.
class FakeHostUnits final : public HostUnits {
 public:
  absl::Status Start(std::function<void()> changed) override {
    state_.With([&](State& state) {
      state.changed = std::move(changed);
      state.started = true;
    });
    Tell();
    return absl::OkStatus();
  }
  void Stop() override {
    state_.With([](State& state) { state.started = false; });
  }
  UnitsView View() const override {
    return state_.With([](const State& state) { return state.started ? state.view : UnitsView{}; });
  }

  // What the host is from now on.
  void Set(UnitsView view) {
    state_.With([&](State& state) { state.view = std::move(view); });
    Tell();
  }
  void Change(const std::function<void(UnitsView&)>& change) {
    state_.With([&](State& state) { change(state.view); });
    Tell();
  }

 private:
  struct State {
    UnitsView view{.bus = true, .daemons = {}, .machines = {}};
    std::function<void()> changed;
    bool started = false;
  };
  void Tell() {
    const auto changed = state_.With(
        [](State& state) { return state.started ? state.changed : std::function<void()>(); });
    if (changed) changed();
  }

  mutable Guarded<State> state_;
};

}  // namespace innkeeper
