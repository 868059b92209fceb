#include "bench/coordinator_under_test.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

namespace innkeeper {
namespace {

constexpr std::chrono::seconds kPatience{60};

std::string Local(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

}  // namespace

CoordinatorUnderTest::CoordinatorUnderTest(const BenchCluster& cluster, const FreeIpaStandIn& ipa) {
  const std::string server = FreeIpaStandIn::kServer;
  const nlohmann::json config{
      {"home", "kubernetes"},
      {"state_dir", dir_.File("state")},
      {"kubernetes",
       {{"kubeconfig", cluster.kubeconfig()}, {"namespace", BenchCluster::kNamespace}}},
      {"webhook", {{"listen", Local(webhook_)}, {"names", {"127.0.0.1"}}}},
      {"listen",
       {{"agents", Local(FreePort())},
        {"api", Local(FreePort())},
        {"metrics", Local(metrics_)},
        {"socket", "unix:" + dir_.File("socket")},
        {"names", {"localhost"}}}},
      {"ipa",
       {{"domain", FreeIpaStandIn::kDomain},
        {"servers", {server}},
        {"resolve", {server + ":443:" + FreeIpaStandIn::kAddress}},
        {"ca_file", dir_.Write("ipa-ca.crt", ipa.ca())},
        {"user", "innkeeper"},
        {"password_file", dir_.Write("password", "of no use to anybody\n")}}},
      {"policy", {{{"namespaces", "*"}, {"template", "{vm}.{domain}"}}}}};
  dir_.Write("coordinator.yaml", config.dump());  // JSON is YAML
}

absl::StatusOr<Duration> CoordinatorUnderTest::Start() {
  const std::string log = dir_.File("coordinator.log");
  const MonotonicTime begun = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(ChildProcess process,
                   ChildProcess::Start({INNKEEPER_COORDINATOR_PROGRAM, "--config",
                                        dir_.File("coordinator.yaml"), "serve"},
                                       log, ChildProcess::Pin::kFirst));
  process_ = std::make_unique<ChildProcess>(std::move(process));
  const Call call = Call::Within(kPatience);
  while (!IsReady()) {
    if (!call.Check("start").ok()) {
      std::ifstream file(log);
      const std::string said{std::istreambuf_iterator<char>(file), {}};
      return absl::UnavailableError("the coordinator is not ready: " + said);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return std::chrono::steady_clock::now() - begun;
}

bool CoordinatorUnderTest::IsReady() const {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at{AF_INET, htons(metrics_), {htonl(INADDR_LOOPBACK)}, {}};
  std::string answer;
  if (connect(probe, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) {
    const std::string ask = "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    std::array<char, 4096> piece{};
    ssize_t got = send(probe, ask.data(), ask.size(), MSG_NOSIGNAL);
    while (got > 0 && (got = recv(probe, piece.data(), piece.size(), 0)) > 0)
      answer.append(piece.data(), static_cast<size_t>(got));
  }
  close(probe);
  return answer.starts_with("HTTP/1.1 200");
}

}  // namespace innkeeper
