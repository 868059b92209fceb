#pragma once
// JSON lines on stderr: one constant message plus keys. Log an error once, at the top; never a
// secret, never raw guest bytes.
//
//   LogInfo("guest enrolled", {{"guest", key.Text()}, {"node", node}, {"seconds", 48}});
//   {"ts":"2026-11-24T10:00:00.123Z","level":"info","component":"coordinator","msg":...}

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>

#include "base/status.h"

namespace innkeeper {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One key and its value. Text is escaped, and control and bidirectional characters are replaced.
struct LogField {
  using Value = std::variant<std::string, int64_t, double, bool>;
  LogField(std::string k, std::string v) : key(std::move(k)), value(std::move(v)) {}
  LogField(std::string k, const char* v) : key(std::move(k)), value(std::string(v)) {}
  LogField(std::string k, bool v) : key(std::move(k)), value(v) {}
  LogField(std::string k, double v) : key(std::move(k)), value(v) {}
  template <std::integral Integer>
  LogField(std::string k, Integer v) : key(std::move(k)), value(static_cast<int64_t>(v)) {}
  LogField(std::string k, const absl::Status& v) : key(std::move(k)), value(ToText(v)) {}

  std::string key;
  Value value;
};
using LogFields = std::initializer_list<LogField>;

// Call once before the first line; later calls replace the settings. Lines go to stderr.
void InitLog(const std::string& component, LogLevel least);
void SetLogLevel(LogLevel least);  // at run time, any thread
// "debug", "info", "warning", "error"; else INVALID_ARGUMENT naming them.
absl::StatusOr<LogLevel> ParseLogLevel(const std::string& text);

// Thread-safe; may block for the write to stderr.
void Log(LogLevel level, const char* message, LogFields fields = {});
inline void LogDebug(const char* m, LogFields f = {}) { Log(LogLevel::kDebug, m, f); }
inline void LogInfo(const char* m, LogFields f = {}) { Log(LogLevel::kInfo, m, f); }
inline void LogWarning(const char* m, LogFields f = {}) { Log(LogLevel::kWarning, m, f); }
inline void LogError(const char* m, LogFields f = {}) { Log(LogLevel::kError, m, f); }

// Where lines go instead of stderr, for tests; nullptr restores stderr. The sink gets whole lines
// without the newline and must be thread-safe.
void SetLogSink(void (*sink)(const std::string& line));

// Our own bugs only: logs the condition with its place and aborts.
#define IK_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::innkeeper::CheckFailed(#condition, __FILE__, __LINE__))
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace innkeeper
