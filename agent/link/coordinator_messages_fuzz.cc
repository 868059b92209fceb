// Everything a coordinator can put on the stream, through the link's session and queues: a row of
// messages, each after its length in two bytes (little endian).

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "agent/link/testing/fake_coordinator_link.h"
#include "agent/link/testing/fake_node.h"
#include "base/library_logs.h"
#include "base/log.h"

namespace innkeeper {
namespace {

void Run(const uint8_t* bytes, size_t size) {
  FakeNode node;
  FakeCoordinatorLink link({.changes = 4, .results = 4, .progress = 4, .ends = 4, .part = 256});
  static_cast<void>(link.Start(node));
  node.React([&](const agent::v1::Order& order) {
    IK_CHECK(!order.id().empty() && !order.domain_uuid().empty());
    node.Finish(link, order.id(), order.domain_uuid());
  });
  link.Connect();
  for (int step = 0; size >= 2; ++step) {
    const size_t length = std::min<size_t>(bytes[0] | bytes[1] << 8, size - 2);
    agent::v1::CoordinatorMessage message;
    if (message.ParseFromArray(bytes + 2, static_cast<int>(length)))
      link.Deliver(std::move(message));
    agent::v1::Domain domain;
    domain.set_uuid(std::to_string(step % 7));
    node.Put(link, domain);
    if (step % 5 == 0) node.Remove(link, domain.uuid(), agent::v1::DomainGone::WHY_UNDEFINED);
    if (step % 11 == 10) {
      link.Disconnect();
      link.Connect();
    }
    link.Received();
    bytes += 2 + length;
    size -= 2 + length;
  }
}

}  // namespace
}  // namespace innkeeper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  innkeeper::RouteLibraryLogs();
  innkeeper::SetLogLevel(innkeeper::LogLevel::kError);
  innkeeper::Run(bytes, size);
  return 0;
}
