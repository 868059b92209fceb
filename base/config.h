#pragma once
// Typed configuration: one YAML file per program, every value also as environment variable and as
// --set key=value (the last wins over the environment, that over the file, that over the default;
// a Secret never by --set, as every process can read arguments).
// An unknown key, a wrong type or a value out of range refuses to start with file, line and, for a
// key, the nearest known one.
//
//   ConfigSchema schema("innkeeper-agent", "INNKEEPER_AGENT");
//   schema.Add("coordinator.endpoint", &config.endpoint, "host:port of the coordinator's agent
//   port"); schema.Add("sweep", &config.sweep, "pause between two repair sweeps", {.least = 1s,
//   .most = 1h}); RETURN_IF_ERROR(schema.Load({.file = path, .sets = sets}));
//
// The environment variable of "coordinator.endpoint" is INNKEEPER_AGENT_COORDINATOR_ENDPOINT.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

struct IntegerRange {
  int64_t least = 0;
  int64_t most = INT64_MAX;
};
struct DurationRange {
  Duration least = Duration::zero();
  Duration most = std::chrono::hours(24 * 3650);
};
enum class Presence { kOptional, kRequired };  // required: empty after loading is an error

class ConfigSchema {
 public:
  ConfigSchema(std::string program, std::string environment_prefix);
  ~ConfigSchema();
  ConfigSchema(const ConfigSchema&) = delete;
  ConfigSchema& operator=(const ConfigSchema&) = delete;

  // Each binds a dotted key to a variable that outlives the schema and holds the default. Text of a
  // duration: "250ms", "30s", "15m", "12h", "90d". A list is a YAML sequence of scalars, or
  // comma-separated in the environment and in --set. `help` is one sentence for the reference.
  void Add(const std::string& key, std::string* value, const std::string& help,
           Presence presence = Presence::kOptional);
  void Add(const std::string& key, bool* value, const std::string& help);
  void Add(const std::string& key, int64_t* value, const std::string& help,
           IntegerRange range = {});
  void Add(const std::string& key, Duration* value, const std::string& help,
           DurationRange range = {});
  void Add(const std::string& key, std::vector<std::string>* value, const std::string& help);
  // Printed as [redacted].
  void Add(const std::string& key, Secret* value, const std::string& help);
  // One of `choices`, else an error that lists them.
  void AddChoice(const std::string& key, std::string* value, const std::string& help,
                 const std::vector<std::string>& choices);
  // A list of mappings whose keys are all text, e.g. policy rules. The loader has checked that only
  // `fields` occur. Only in the file.
  using Row = std::map<std::string, std::string>;
  void AddRows(const std::string& key, std::vector<Row>* value, const std::string& help,
               const std::vector<std::string>& fields);

  struct Sources {
    std::string file;               // empty: no file
    std::vector<std::string> sets;  // "key=value"
    // Read from; the process's environment when empty. Names outside the prefix are ignored, and so
    // are those that Kubernetes makes of its Services; any other unknown name inside it is an
    // error.
    std::vector<std::string> environment;
  };
  // INVALID_ARGUMENT: "FILE:LINE: unknown key 'x.y' (did you mean 'x.z'?)" and the like; NOT_FOUND:
  // no such file. Variables may be partly set after an error. Refused are files over 1 MiB,
  // aliases, a second document, a key that stands twice, and deep nesting.
  absl::Status Load(const Sources& sources);

  // The effective configuration as YAML, secrets redacted.
  std::string Print() const;
  // Markdown table rows: key, environment variable, type, default, help. For docs/reference.
  std::string Reference() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "250ms", "30s", "15m", "12h", "90d" and back (the largest unit that is exact).
absl::StatusOr<Duration> ParseDuration(const std::string& text);
std::string FormatDuration(Duration value);

}  // namespace innkeeper
