#pragma once

#include "base/clock.h"
#include "base/guarded.h"

namespace innkeeper {

// Stands still until told. Advance moves both clocks; Jump only the wall clock, as an administrator
// or a bad NTP server does. Thread-safe.
class FakeClock final : public Clock {
 public:
  absl::Time Now() const override {
    return times_.With([](Times& t) { return t.wall; });
  }
  MonotonicTime Monotonic() const override {
    return times_.With([](Times& t) { return t.monotonic; });
  }
  void Advance(Duration by) {
    times_.With([&](Times& t) {
      t.wall += absl::FromChrono(by);
      t.monotonic += by;
    });
  }
  void Jump(absl::Duration by) {
    times_.With([&](Times& t) { t.wall += by; });
  }

 private:
  struct Times {
    absl::Time wall = absl::FromUnixSeconds(1'800'000'000);
    MonotonicTime monotonic{std::chrono::hours(1)};
  };
  mutable Guarded<Times> times_;
};

}  // namespace innkeeper
