#pragma once
// A process whose wall clock a test sets, while it runs and as often as it likes; its monotonic
// clock is the machine's. By libfaketime, which AddressSanitizer bears with.

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/temp_dir.h"

namespace innkeeper {

class JumpingClock {
 public:
  JumpingClock() { Write(0); }
  // From the true time, in seconds. When it returns, the process lives in that time.
  void Jump(int64_t seconds) {
    Write(seconds);
    std::this_thread::sleep_for(kLook);
  }
  // What a program is run by to live in this time.
  std::vector<std::string> Before() const {
    return {"env",
            std::string("LD_PRELOAD=") + INNKEEPER_FAKETIME,
            "FAKETIME_TIMESTAMP_FILE=" + dir_.File("offset"),
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"};
  }

 private:
  // libfaketime 0.9 keeps what its file said for up to three seconds, whatever it is told.
  static constexpr std::chrono::milliseconds kLook{3500};

  void Write(int64_t seconds) {
    const std::string fresh = dir_.File("offset.new");
    std::ofstream(fresh) << (seconds < 0 ? "" : "+") << seconds << "\n";
    rename(fresh.c_str(), dir_.File("offset").c_str());
  }

  TempDir dir_;
};

}  // namespace innkeeper
