#pragma once

#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"

namespace innkeeper {

// Collects every log line of the process, debug included, while it lives; for tests that look for a
// secret where none may be. One at a time.
class CapturedLog {
 public:
  explicit CapturedLog(LogLevel least = LogLevel::kDebug) {
    Lines().With([](auto& lines) { lines.clear(); });
    InitLog("test", least);
    SetLogSink(
        [](const std::string& line) { Lines().With([&](auto& lines) { lines.push_back(line); }); });
  }
  ~CapturedLog() {
    SetLogSink(nullptr);
    SetLogLevel(LogLevel::kInfo);
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::vector<std::string> lines() const {
    return Lines().With([](auto& lines) { return lines; });
  }
  bool Contains(const std::string& text) const {
    for (const std::string& line : lines()) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

 private:
  // Never destroyed: threads may log while the process ends.
  static Guarded<std::vector<std::string>>& Lines() {
    static auto* lines = new Guarded<std::vector<std::string>>;
    return *lines;
  }
};

}  // namespace innkeeper
