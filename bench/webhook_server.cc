// The webhook as the product serves it, and nothing else of the coordinator: what bench/webhook.cc
// measures against webhooks of other kinds.
//
//   bench_webhook_server CERTIFICATE KEY      prints "port N" once it listens on 127.0.0.1

#include <prometheus/registry.h>
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/log.h"
#include "coordinator/admission/webhook_routes.h"

namespace innkeeper {
namespace {

std::string FileText(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A cluster in which some namespaces, instance types and preferences ask for their VMs.
void FillIndex(OptInSets& index) {
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    index.Set(OptInSets::Kind::kNamespace, "", "team-" + number, true);
    index.Set(OptInSets::Kind::kInstanceType, "team-" + number, "joined", true);
    if (i < 20) index.Set(OptInSets::Kind::kPreference, "", "linux-" + number, true);
  }
}

AdmissionRules DefaultRules() {
  AdmissionRules rules;
  rules.naming.domain = "example.test";  // names are looked at, as with any FreeIPA
  return rules;
}

absl::Status Serve(const char* certificate, const char* key) {
  ASSIGN_OR_RETURN(TlsContext tls, MakeServerContext({FileText(certificate), Secret(FileText(key))},
                                                     "", ClientCertificate::kNone));
  OptInSets index;
  FillIndex(index);
  const VmAdmission admission(index, DefaultRules());
  const RealClock clock;
  prometheus::Registry registry;
  AdmissionMetrics metrics(registry);
  ASSIGN_OR_RETURN(const std::unique_ptr<HttpServer> server,
                   HttpServer::Create(WebhookServerOptions("127.0.0.1:0", std::move(tls))));
  RouteWebhooks(*server, admission, metrics, clock);
  RETURN_IF_ERROR(server->Start());
  const std::string endpoint = server->endpoint();
  std::printf("port %s\n", endpoint.substr(endpoint.rfind(':') + 1).c_str());
  std::fflush(stdout);
  int signal = 0;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigwait(&ends, &signal);
  server->Stop(Call::Within(std::chrono::seconds(1)));
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_webhook_server CERTIFICATE KEY\n");
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
  innkeeper::InitLog("bench-webhook-server", innkeeper::LogLevel::kInfo);
  const absl::Status served = innkeeper::Serve(argv[1], argv[2]);
  if (!served.ok()) std::fprintf(stderr, "%s\n", innkeeper::ToText(served).c_str());
  return served.ok() ? 0 : 1;
}
