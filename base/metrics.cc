#include "base/metrics.h"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "base/version.h"

namespace innkeeper {
namespace {

// Fields of /proc/self/stat behind the command name, which may hold blanks and parentheses
// (proc(5)).
struct ProcessFigures {
  double cpu_seconds = 0, resident_bytes = 0, threads = 0, start_ticks = 0, open_descriptors = 0;
};

double BootTime() {
  std::ifstream stat("/proc/stat");
  for (std::string word; stat >> word;) {
    double value = 0;
    if (word == "btime" && stat >> value) return value;
  }
  return 0;
}

double CountDescriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // ".", ".." and the folder's own descriptor
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

ProcessFigures ReadFigures() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const size_t end = line.rfind(')');
  std::istringstream fields(end == std::string::npos ? "" : line.substr(end + 1));
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  ProcessFigures figures;
  std::string field;
  for (int number = 3; fields >> field; ++number) {
    const double value = number == 3 ? 0 : std::stod(field);
    if (number == 14 || number == 15) figures.cpu_seconds += value / ticks;
    if (number == 20) figures.threads = value;
    if (number == 22) figures.start_ticks = value / ticks;
    if (number == 24) {
      figures.resident_bytes = value * static_cast<double>(sysconf(_SC_PAGESIZE));
      break;
    }
  }
  figures.open_descriptors = CountDescriptors();
  return figures;
}

const char* TypeName(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "other";
  }
}

// "`state`: connected, disconnected"; the version of this build is not a constant of the page.
std::string LabelsOf(const prometheus::MetricFamily& family) {
  std::map<std::string, std::set<std::string>> values;
  for (const prometheus::ClientMetric& metric : family.metric) {
    for (const auto& label : metric.label) {
      values[label.name].insert(label.name == "version" ? "of the program" : label.value);
    }
  }
  std::string text;
  for (const auto& [name, known] : values) {
    text += (text.empty() ? "`" : "; `") + name + "`: " + absl::StrJoin(known, ", ");
  }
  return text;
}

}  // namespace

std::string MetricsText(const prometheus::Registry& registry) {
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

std::string MetricsReference(const prometheus::Registry& registry) {
  std::vector<prometheus::MetricFamily> families = registry.Collect();
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string page = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
  for (const prometheus::MetricFamily& family : families) {
    page += "| `" + family.name + "` | " + TypeName(family.type) + " | " + LabelsOf(family) +
            " | " + family.help + " |\n";
  }
  return page;
}

void SetGauge(prometheus::Registry& registry, const char* name, const char* help,
              const MetricLabels& labels, double value) {
  prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels).Set(value);
}

void RaiseCounter(prometheus::Registry& registry, const char* name, const char* help,
                  const MetricLabels& labels, double total) {
  static std::mutex mutex;  // two scrapes at once must not both add the step
  std::scoped_lock lock(mutex);
  auto& counter = prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
  if (total > counter.Value()) counter.Increment(total - counter.Value());
}

void RegisterProcessMetrics(prometheus::Registry& registry, const std::string& component) {
  prometheus::BuildGauge()
      .Name("innkeeper_build_info")
      .Help("Constant 1, with the version of this program.")
      .Register(registry)
      .Add({{"component", component}, {"version", kVersion}})
      .Set(1);
  UpdateProcessMetrics(registry);
}

void UpdateProcessMetrics(prometheus::Registry& registry) {
  const ProcessFigures figures = ReadFigures();
  RaiseCounter(registry, "process_cpu_seconds_total", "CPU time used, seconds.", {},
               figures.cpu_seconds);
  SetGauge(registry, "process_resident_memory_bytes", "Resident memory, bytes.", {},
           figures.resident_bytes);
  SetGauge(registry, "process_open_fds", "Open descriptors.", {}, figures.open_descriptors);
  SetGauge(registry, "process_threads", "Threads.", {}, figures.threads);
  SetGauge(registry, "process_start_time_seconds", "Start, seconds since the epoch.", {},
           BootTime() + figures.start_ticks);
}

}  // namespace innkeeper
