#include "bench/agent_under_test.h"

#include <fstream>

namespace innkeeper {
namespace {

constexpr char kNode[] = "bench";

// What joining would have left behind.
std::string JoinedFile(const std::string& endpoint) {
  return R"({"url":"https://127.0.0.1:1","agent_endpoint":")" + endpoint + R"(","node":")" + kNode +
         R"(","namespace":"demo","cluster":"c1"})";
}

}  // namespace

absl::StatusOr<std::unique_ptr<AgentUnderTest>> AgentUnderTest::Start(
    const std::string& libvirt_uri, ChildProcess::Pin pin, const OnChange& on_change) {
  std::unique_ptr<AgentUnderTest> agent(new AgentUnderTest);
  FakeReports& home = agent->centre_.home();
  if (on_change)
    home.OnChange([&home, on_change](const VmUid& uid) { on_change(*home.Find(uid)); });
  RETURN_IF_ERROR(agent->Launch(libvirt_uri, pin));
  return agent;
}

absl::Status AgentUnderTest::Launch(const std::string& libvirt_uri, ChildProcess::Pin pin) {
  RETURN_IF_ERROR(centre_.Start());
  const TempDir& dir = centre_.dir();
  const std::string state = dir.File("agent");
  RETURN_IF_ERROR(centre_.Enlist(kNode, state));
  dir.Write("agent/joined.json", JoinedFile(centre_.endpoint()));
  // JSON is YAML. All else is the agent's default, but for ports that may be taken.
  const std::string config =
      dir.Write("agent.yaml", R"({"state_dir":")" + state + R"(","libvirt":{"uris":[")" +
                                  libvirt_uri + R"("]},"http":{"listen":"127.0.0.1:0"}})");
  absl::StatusOr<ChildProcess> started = ChildProcess::Start(
      {INNKEEPER_AGENT_PROGRAM, "--config", config}, dir.File("agent.log"), pin);
  RETURN_IF_ERROR(started.status());
  process_.emplace(*std::move(started));
  return absl::OkStatus();
}

absl::Status AgentUnderTest::AwaitDomains(size_t domains, const Call& call) {
  const bool so = centre_.home().Eventually(
      [&] {
        return centre_.home().Count(std::string("connected ") + kNode) > 0 &&
               centre_.home().List().size() == domains;
      },
      call.Remaining());
  if (so) return absl::OkStatus();
  std::ifstream log(this->log());
  const std::string text{std::istreambuf_iterator<char>(log), {}};
  return absl::DeadlineExceededError("the agent reports other domains than expected: " +
                                     text.substr(text.size() - std::min<size_t>(text.size(), 600)));
}

}  // namespace innkeeper
