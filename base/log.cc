#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/text.h"

namespace innkeeper {
namespace {

struct LogState {
  std::mutex mutex;  // of component and logger, which change only in InitLog
  std::string component = "innkeeper";
  std::shared_ptr<spdlog::logger> logger = MakeLogger();
  std::atomic<LogLevel> least = LogLevel::kInfo;
  std::atomic<void (*)(const std::string&)> sink = nullptr;

  static std::shared_ptr<spdlog::logger> MakeLogger() {
    auto logger = std::make_shared<spdlog::logger>(
        "innkeeper", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    return logger;
  }
};

// Never destroyed: threads may log while the process ends.
LogState& State() {
  static LogState* state = new LogState;
  return *state;
}

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string Line(const std::string& component, LogLevel level, const char* message,
                 LogFields fields) {
  nlohmann::ordered_json line;
  line["ts"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  line["level"] = LevelName(level);
  line["component"] = component;
  line["msg"] = message;
  for (const LogField& field : fields) {
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
            line[field.key] = Printable(value);
          } else {
            line[field.key] = value;
          }
        },
        field.value);
  }
  constexpr auto kNeverThrow = nlohmann::ordered_json::error_handler_t::replace;
  return line.dump(-1, ' ', false, kNeverThrow);
}

}  // namespace

void InitLog(const std::string& component, LogLevel least) {
  LogState& state = State();
  std::scoped_lock lock(state.mutex);
  state.component = component;
  state.least = least;
}

void SetLogLevel(LogLevel least) { State().least = least; }

absl::StatusOr<LogLevel> ParseLogLevel(const std::string& text) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (text == LevelName(level)) return level;
  }
  return absl::InvalidArgumentError("'" + text + "' is none of debug, info, warning, error");
}

void SetLogSink(void (*sink)(const std::string& line)) { State().sink = sink; }

void Log(LogLevel level, const char* message, LogFields fields) {
  LogState& state = State();
  if (level < state.least.load(std::memory_order_relaxed)) return;
  std::shared_ptr<spdlog::logger> logger;
  std::string component;
  {
    std::scoped_lock lock(state.mutex);
    component = state.component;
    logger = state.logger;
  }
  const std::string line = Line(component, level, message, fields);
  if (auto* sink = state.sink.load(); sink != nullptr) return sink(line);
  logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void CheckFailed(const char* condition, const char* file, int line) {
  LogError("check failed", {{"condition", condition}, {"file", file}, {"line", line}});
  std::abort();
}

}  // namespace innkeeper
