#pragma once
// The real innkeeper-agent as a process, and the coordinator's side it reports to in this one.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/call.h"
#include "bench/process.h"
#include "tests/link/testing/test_centre.h"

namespace innkeeper {

class AgentUnderTest {
 public:
  // Told of each change that the coordinator's inventory gets, on the fleet's threads; not of what
  // comes in a snapshot.
  using OnChange = std::function<void(const VmRecord&)>;

  // Starts it for one libvirt daemon. It runs when this returns; what it reports comes to centre().
  static absl::StatusOr<std::unique_ptr<AgentUnderTest>> Start(const std::string& libvirt_uri,
                                                               ChildProcess::Pin pin,
                                                               const OnChange& on_change = {});

  // Waits until the centre knows exactly so many domains.
  absl::Status AwaitDomains(size_t domains, const Call& call);
  pid_t pid() const { return process_->pid(); }
  TestCentre& centre() { return centre_; }
  std::string log() const { return centre_.dir().File("agent.log"); }

 private:
  AgentUnderTest() = default;
  absl::Status Launch(const std::string& libvirt_uri, ChildProcess::Pin pin);

  TestCentre centre_{std::chrono::seconds(10)};
  std::optional<ChildProcess> process_;
};

}  // namespace innkeeper
