#include "coordinator/ipa/ipa_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <map>
#include <utility>

namespace innkeeper {
namespace {

constexpr auto kCommands = std::to_array<const char*>(
    {"host_add", "host_mod", "host_show", "host_find", "host_disable", "host_del",
     "hostgroup_add_member", "ping", "env", "config_show", "other"});

// What became of a command, by the status its caller gets.
constexpr auto kResults =
    std::to_array<const char*>({"ok", "not_found", "exists", "denied", "refused", "collision",
                                "limit", "unavailable", "deadline", "cancelled", "nonsense"});

const char* ResultOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return "ok";
    case absl::StatusCode::kNotFound:
      return "not_found";
    case absl::StatusCode::kAlreadyExists:
      return "exists";
    case absl::StatusCode::kPermissionDenied:
      return "denied";
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
      return "refused";
    case absl::StatusCode::kAborted:
      return "collision";
    case absl::StatusCode::kResourceExhausted:
      return "limit";
    case absl::StatusCode::kUnavailable:
      return "unavailable";
    case absl::StatusCode::kDeadlineExceeded:
      return "deadline";
    case absl::StatusCode::kCancelled:
      return "cancelled";
    default:
      return "nonsense";
  }
}

// Seconds: one call takes 0.05-0.3, a batch of 50 about 5.
const prometheus::Histogram::BucketBoundaries kSeconds{0.025, 0.05, 0.1, 0.25, 0.5,
                                                       1,     2.5,  5,   10,   30};
const prometheus::Histogram::BucketBoundaries kCalls{1, 2, 5, 10, 20, 30, 40, 50};

}  // namespace

struct IpaMetrics::Series {
  std::map<std::pair<std::string, std::string>, prometheus::Counter*> commands;
  std::map<std::string, prometheus::Counter*> logins;
  prometheus::Histogram* seconds = nullptr;
  prometheus::Histogram* batch = nullptr;
  prometheus::Gauge* in_flight = nullptr;
};

IpaMetrics::IpaMetrics(prometheus::Registry& registry) : series_(std::make_unique<Series>()) {
  auto& commands = prometheus::BuildCounter()
                       .Name("innkeeper_ipa_requests_total")
                       .Help("FreeIPA commands by what became of them")
                       .Register(registry);
  for (const char* command : kCommands) {
    for (const char* result : kResults)
      series_->commands[{command, result}] =
          &commands.Add({{"command", command}, {"result", result}});
  }
  auto& logins = prometheus::BuildCounter()
                     .Name("innkeeper_ipa_logins_total")
                     .Help("Logins to FreeIPA servers by result")
                     .Register(registry);
  for (const char* result : kResults) series_->logins[result] = &logins.Add({{"result", result}});
  series_->seconds = &prometheus::BuildHistogram()
                          .Name("innkeeper_ipa_request_seconds")
                          .Help("Duration of HTTP requests to FreeIPA, batches included")
                          .Register(registry)
                          .Add({}, kSeconds);
  series_->batch = &prometheus::BuildHistogram()
                        .Name("innkeeper_ipa_batch_size")
                        .Help("Commands per HTTP request to FreeIPA")
                        .Register(registry)
                        .Add({}, kCalls);
  series_->in_flight = &prometheus::BuildGauge()
                            .Name("innkeeper_ipa_requests_in_flight")
                            .Help("HTTP requests to FreeIPA under way")
                            .Register(registry)
                            .Add({});
}

IpaMetrics::~IpaMetrics() = default;

void IpaMetrics::CountCommand(const std::string& method, const absl::Status& result) {
  auto at = series_->commands.find({method, ResultOf(result)});
  if (at == series_->commands.end()) at = series_->commands.find({"other", ResultOf(result)});
  at->second->Increment();
}

void IpaMetrics::CountLogin(const absl::Status& result) {
  series_->logins.at(ResultOf(result))->Increment();
}

void IpaMetrics::BeginRequest(size_t commands) {
  series_->batch->Observe(static_cast<double>(commands));
  series_->in_flight->Increment();
}

void IpaMetrics::EndRequest(Duration took) {
  series_->in_flight->Decrement();
  series_->seconds->Observe(std::chrono::duration<double>(took).count());
}

}  // namespace innkeeper
