#pragma once

#include "agent/units/host_units.h"

namespace innkeeper {

// For nodes without systemd, or where nobody wants the bus watched: always "no bus".
class NoHostUnits final : public HostUnits {
 public:
  absl::Status Start(std::function<void()>) override { return absl::OkStatus(); }
  void Stop() override {}
  UnitsView View() const override { return {}; }
};

}  // namespace innkeeper
