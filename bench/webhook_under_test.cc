#include "bench/webhook_under_test.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "bench/http_answer.h"

namespace innkeeper {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr char kReviews[] = "/mutate-virtualmachine";

absl::StatusOr<std::string> FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  if (value != nullptr && *value != '\0') return std::string(value);
  return absl::FailedPreconditionError(std::string(name) +
                                       " is not set: eval \"$(bench/peers/build)\", as bench/run");
}

absl::StatusOr<std::vector<std::string>> CommandOf(WebhookKind kind) {
  switch (kind) {
    case WebhookKind::kOurs:
      return std::vector<std::string>{INNKEEPER_WEBHOOK_PROGRAM};
    case WebhookKind::kGo: {
      ASSIGN_OR_RETURN(const std::string program, FromEnvironment("INNKEEPER_BENCH_GO"));
      return std::vector<std::string>{"/usr/bin/env", "GOMAXPROCS=1", program};
    }
    case WebhookKind::kPython:
      break;
  }
  ASSIGN_OR_RETURN(const std::string python, FromEnvironment("INNKEEPER_BENCH_PYTHON"));
  return std::vector<std::string>{python, INNKEEPER_WEBHOOK_PYTHON};
}

// From the line "port N"; nothing: it has not been written yet.
std::optional<uint16_t> PortIn(const std::string& log) {
  std::ifstream file(log);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("port ") && !file.eof()) {
      return static_cast<uint16_t>(std::strtoul(line.c_str() + 5, nullptr, 10));
    }
  }
  return std::nullopt;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

const char* NameOf(WebhookKind kind) {
  if (kind == WebhookKind::kOurs) return "ours";
  return kind == WebhookKind::kGo ? "Go" : "Python";
}

absl::StatusOr<std::unique_ptr<WebhookTls>> WebhookTls::Make() {
  std::unique_ptr<WebhookTls> made(new WebhookTls);
  const TestAuthority authority;
  // A day: benchmarks of a slow machine take longer than a test.
  const KeyPair pair = authority.Sign({.until = absl::Now() + absl::Hours(24)});
  made->dir_.Write("tls.crt", pair.chain);
  made->dir_.Write("tls.key", std::string(pair.key.Reveal()));
  made->ca_ = authority.certificate();
  ASSIGN_OR_RETURN(made->client_, MakeLoadContext(made->ca_));
  return made;
}

absl::StatusOr<std::unique_ptr<WebhookUnderTest>> WebhookUnderTest::Start(WebhookKind kind,
                                                                          const WebhookTls& tls) {
  ASSIGN_OR_RETURN(std::vector<std::string> command, CommandOf(kind));
  command.insert(command.end(), {tls.certificate(), tls.key()});
  const std::string log = tls.Log(kind);
  std::ofstream(log, std::ios::trunc).close();
  const MonotonicTime begun = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(ChildProcess process,
                   ChildProcess::Start(command, log, ChildProcess::Pin::kFirst));
  std::unique_ptr<WebhookUnderTest> made(new WebhookUnderTest(std::move(process), tls));
  RETURN_IF_ERROR(made->AwaitReady(log));
  made->start_to_ready_ = std::chrono::steady_clock::now() - begun;
  return made;
}

absl::Status WebhookUnderTest::AwaitReady(const std::string& log) {
  const Call call = Call::Within(kPatience);
  while (port_ == 0) {
    port_ = PortIn(log).value_or(0);
    if (!call.Check("start").ok()) return absl::UnavailableError("no webhook: " + TextOf(log));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSIGN_OR_RETURN(const TlsConnection::Answer answer, Exchange(GetOf("/healthz")));
  return answer.status == 200 ? absl::OkStatus() : absl::UnavailableError("it is not healthy");
}

absl::StatusOr<TlsConnection::Answer> WebhookUnderTest::Exchange(const std::string& request) const {
  const Call call = Call::Within(kPatience);
  ASSIGN_OR_RETURN(const auto connection, TlsConnection::Open(tls_.client(), port_, call));
  return connection->Exchange(request, call);
}

absl::StatusOr<std::string> WebhookUnderTest::Ask(const std::string& review) const {
  ASSIGN_OR_RETURN(TlsConnection::Answer answer, Exchange(PostOf(kReviews, review)));
  if (answer.status == 200) return std::move(answer.body);
  return absl::FailedPreconditionError("it answers " + std::to_string(answer.status));
}

absl::StatusOr<double> WebhookUnderTest::PerCpuSecond(const std::string& review,
                                                      size_t requests) const {
  const Load load{.port = port_, .request = PostOf(kReviews, review), .requests = requests};
  const Duration before = ProcessCpu(pid());
  RETURN_IF_ERROR(SendLoad(tls_.client(), load, Call::Within(kPatience * 5)).status());
  const Duration used = ProcessCpu(pid()) - before;
  return static_cast<double>(requests) / std::chrono::duration<double>(used).count();
}

absl::StatusOr<std::vector<double>> WebhookUnderTest::Latencies(const std::string& review,
                                                                double per_second,
                                                                size_t requests) const {
  const Load load{.port = port_,
                  .request = PostOf(kReviews, review),
                  .requests = requests,
                  .per_second = per_second};
  return SendLoad(tls_.client(), load, Call::Within(kPatience * 5));
}

}  // namespace innkeeper
