// Everything a hostile agent can put on its stream, through the whole fleet: a row of messages,
// each after its length in two bytes (little endian), on two streams by turns.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/library_logs.h"
#include "base/log.h"
#include "base/testing/fake_clock.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/fleet/testing/fake_agent_stream.h"
#include "coordinator/fleet/testing/fake_reports.h"
#include "coordinator/fleet/testing/test_messages.h"
#include "prometheus/registry.h"

namespace innkeeper {
namespace {

void CheckInvariants(const FakeReports& home) {
  for (const VmRecord& vm : home.List()) {
    IK_CHECK(vm.key.name.find('/') == std::string::npos);
    IK_CHECK(vm.run_id.size() <= 128);
    if (vm.claims) IK_CHECK(vm.claims->addresses.size() <= kMostAddresses);
    for (const auto& [id, job] : vm.jobs) IK_CHECK(IsOrderId(id) && job.detail.size() <= 1024);
  }
}

void Run(const uint8_t* bytes, size_t size) {
  prometheus::Registry registry;
  FleetMetrics metrics(registry);
  FakeClock clock;
  FakeReports home;
  Fleet fleet(home, home, [] { return RealmFacts{}; }, clock, metrics, {});
  const auto honest = std::make_shared<FakeAgentStream>("honest");
  fleet.OnMessage(honest, HelloMessage(1));
  fleet.OnMessage(honest, SnapshotMessage({1}));
  static_cast<void>(fleet.Inspect({TestUuid(1)}, "inspect-1", Call::Within(std::chrono::hours(1))));
  const auto a = std::make_shared<FakeAgentStream>("a"), b = std::make_shared<FakeAgentStream>("b");
  for (bool first = true; size >= 2; first = !first) {
    const size_t length = std::min<size_t>(bytes[0] | bytes[1] << 8, size - 2);
    agent::v1::AgentMessage message;
    if (message.ParseFromArray(bytes + 2, static_cast<int>(length)))
      fleet.OnMessage(first ? a : b, std::move(message));
    bytes += 2 + length;
    size -= 2 + length;
  }
  fleet.OnClosed(a);
  fleet.OnClosed(b);
  CheckInvariants(home);
  // Whatever they said: the honest node's VM and order are its own.
  IK_CHECK(home.Find({TestUuid(1)})->node.text == "honest");
  IK_CHECK(home.Results("inspect-1") == 0);
}

}  // namespace
}  // namespace innkeeper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  innkeeper::RouteLibraryLogs();
  innkeeper::SetLogLevel(innkeeper::LogLevel::kError);
  innkeeper::Run(bytes, size);
  return 0;
}
