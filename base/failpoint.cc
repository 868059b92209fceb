#include "base/failpoint.h"

#if defined(INNKEEPER_FAILPOINTS)

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/log.h"

namespace innkeeper {
namespace {

struct Failpoint {
  std::string action;   // "kill", "error:UNAVAILABLE", "pause:FILE"
  int passes_left = 1;  // acts when this reaches 0
};

struct Armed {
  std::mutex mutex;
  std::map<std::string, Failpoint> points;
};

// A misspelt action would let a test pass for nothing.
Failpoint Checked(Failpoint point) {
  const std::string& action = point.action;
  IK_CHECK(action == "kill" || action.starts_with("pause:") || action.starts_with("error:"));
  return point;
}

// "kill", "kill@3", "pause:/run/go": a number behind the last @ is the pass to act at.
Failpoint ParsePoint(const std::string& text) {
  const size_t at = text.rfind('@');
  int pass = 0;
  if (at == std::string::npos || !absl::SimpleAtoi(text.substr(at + 1), &pass) || pass < 1) {
    return Checked({text, 1});
  }
  return Checked({text.substr(0, at), pass});
}

// Read once, at the first pass of any failpoint.
Armed& ArmedPoints() {
  static Armed* armed = [] {
    auto* fresh = new Armed;
    const char* text = std::getenv("INNKEEPER_FAILPOINTS");
    const std::vector<std::string> entries =
        absl::StrSplit(text == nullptr ? "" : text, ';', absl::SkipEmpty());
    for (const std::string& entry : entries) {
      const size_t equals = entry.find('=');
      IK_CHECK(equals != std::string::npos);
      fresh->points[entry.substr(0, equals)] = ParsePoint(entry.substr(equals + 1));
    }
    return fresh;
  }();
  return *armed;
}

absl::Status ErrorNamed(const std::string& code, const char* name) {
  for (int number = 1; number <= 16; ++number) {
    const auto candidate = static_cast<absl::StatusCode>(number);
    if (absl::StatusCodeToString(candidate) == code) {
      return absl::Status(candidate, std::string("failpoint ") + name);
    }
  }
  IK_CHECK(!"the name of a status code");
}

// Polls: a test build only, and the file's folder need not exist yet.
void WaitForFile(const std::string& path) {
  struct stat facts;
  while (stat(path.c_str(), &facts) != 0) usleep(10'000);
}

}  // namespace

absl::Status PassFailpoint(const char* name) {
  std::string action;
  {
    Armed& armed = ArmedPoints();
    std::scoped_lock lock(armed.mutex);
    const auto place = armed.points.find(name);
    if (place == armed.points.end() || --place->second.passes_left != 0) return absl::OkStatus();
    action = place->second.action;
  }
  if (action == "kill") kill(getpid(), SIGKILL);
  if (action.starts_with("pause:")) WaitForFile(action.substr(6));
  if (action.starts_with("error:")) return ErrorNamed(action.substr(6), name);
  return absl::OkStatus();
}

}  // namespace innkeeper

#endif
