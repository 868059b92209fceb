#pragma once
// One registry per program (prometheus-cpp core), written as text by our own listener: its exposer
// embeds a civetweb with an open hole. Label sets are closed; series do not grow with guests.

#include <map>
#include <string>

namespace prometheus {
class Registry;
}

namespace innkeeper {

// The Prometheus text format, version 0.0.4.
std::string MetricsText(const prometheus::Registry& registry);
inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// A Markdown table of all series of the registry by family: name, type, labels with their values,
// help. Every family of a program has series from the start, so that its table is whole.
std::string MetricsReference(const prometheus::Registry& registry);

// Sets the gauge, or raises the counter to a total that is kept elsewhere (never lowers it).
// Thread-safe.
using MetricLabels = std::map<std::string, std::string>;
void SetGauge(prometheus::Registry& registry, const char* name, const char* help,
              const MetricLabels& labels, double value);
void RaiseCounter(prometheus::Registry& registry, const char* name, const char* help,
                  const MetricLabels& labels, double total);

// innkeeper_build_info{component,version} and the process_* series (CPU seconds, resident
// bytes, open descriptors, threads, start time), the latter read when `UpdateProcessMetrics` runs.
void RegisterProcessMetrics(prometheus::Registry& registry, const std::string& component);
void UpdateProcessMetrics(prometheus::Registry& registry);

}  // namespace innkeeper
