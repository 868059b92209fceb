#include "base/metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <unistd.h>

#include <ctime>
#include <string>

#include "base/version.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;

// The value of a series without labels.
double ValueOf(const prometheus::Registry& registry, const std::string& name) {
  const std::string text = "\n" + MetricsText(registry);
  const size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(Metrics, NamesTheProgramAndItsVersion) {
  prometheus::Registry registry;
  RegisterProcessMetrics(registry, "innkeeper-agent");
  EXPECT_THAT(
      MetricsText(registry),
      HasSubstr(std::string("innkeeper_build_info{component=\"innkeeper-agent\",version=\"") +
                kVersion + "\"} 1\n"));
}

TEST(Metrics, SeesThisProcess) {
  prometheus::Registry registry;
  RegisterProcessMetrics(registry, "test");
  EXPECT_GT(ValueOf(registry, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(ValueOf(registry, "process_threads"), 1);
  EXPECT_NEAR(ValueOf(registry, "process_start_time_seconds"), static_cast<double>(time(nullptr)),
              600);
  const double before = ValueOf(registry, "process_open_fds");
  EXPECT_GE(before, 3);
  const int descriptor = open("/dev/null", O_RDONLY);
  UpdateProcessMetrics(registry);
  close(descriptor);
  EXPECT_EQ(ValueOf(registry, "process_open_fds"), before + 1);
}

TEST(Metrics, CountsCpuSecondsUpwardsAsACounter) {
  prometheus::Registry registry;
  RegisterProcessMetrics(registry, "test");
  const double before = ValueOf(registry, "process_cpu_seconds_total");
  const clock_t until = clock() + CLOCKS_PER_SEC / 20;
  while (clock() < until) {
  }
  UpdateProcessMetrics(registry);
  const double after = ValueOf(registry, "process_cpu_seconds_total");
  EXPECT_GE(after, before + 0.03);
  EXPECT_LT(after, before + 60);  // not summed up anew
  EXPECT_THAT(MetricsText(registry), HasSubstr("# TYPE process_cpu_seconds_total counter\n"));
}

TEST(Metrics, WritesEachFamilyOnceHoweverOftenItIsUpdated) {
  prometheus::Registry registry;
  RegisterProcessMetrics(registry, "test");
  UpdateProcessMetrics(registry);
  const std::string text = MetricsText(registry);
  const std::string head = "# TYPE process_threads gauge\n";
  EXPECT_EQ(text.find(head), text.rfind(head));
}

}  // namespace
}  // namespace innkeeper
