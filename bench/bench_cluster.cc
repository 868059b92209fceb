#include "bench/bench_cluster.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/escaping.h"
#include "base/random.h"
#include "bench/webhook_review.h"

namespace innkeeper {
namespace {

using nlohmann::json;

const KubeKind kVms{"kubevirt.io", "v1", "virtualmachines"};
const KubeKind kNamespaces{"", "v1", "namespaces"};

Call InTime() { return Call::Within(std::chrono::seconds(30)); }

KubePath WebhookPath(const std::string& name) {
  return {{"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"}, "", name};
}

absl::StatusOr<std::string> FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  if (value != nullptr && *value != '\0') return std::string(value);
  return absl::FailedPreconditionError(std::string(name) +
                                       " is not set: run it through tests/env/in_env");
}

// Of the review that the webhook benches send: what a person writes of it.
json VmNamed(const std::string& name) {
  json vm = json::parse(BenchReview())["request"]["object"];
  json& metadata = vm["metadata"];
  for (const char* set_by_server : {"uid", "generation", "creationTimestamp", "managedFields"})
    metadata.erase(set_by_server);
  metadata["name"] = name;
  metadata["namespace"] = BenchCluster::kSpace;
  return vm;
}

bool IsPrepared(const std::string& vm) {
  return vm.find("innkeeper.dev/prepared") != std::string::npos;
}

}  // namespace

absl::StatusOr<std::string> OutputOf(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return absl::InternalError("cannot run: " + command);
  std::string output;
  std::array<char, 4096> piece{};
  size_t got = 0;
  while ((got = fread(piece.data(), 1, piece.size(), pipe)) > 0) output.append(piece.data(), got);
  if (pclose(pipe) != 0) return absl::InternalError("failed: " + command);
  return output;
}

uint16_t FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  socklen_t size = sizeof at;
  bind(probe, reinterpret_cast<sockaddr*>(&at), size);
  getsockname(probe, reinterpret_cast<sockaddr*>(&at), &size);
  close(probe);
  return ntohs(at.sin_port);
}

absl::StatusOr<std::unique_ptr<BenchCluster>> BenchCluster::Open() {
  ASSIGN_OR_RETURN(std::string kubeconfig, FromEnvironment("KUBECONFIG"));
  std::unique_ptr<BenchCluster> made(new BenchCluster(std::move(kubeconfig)));
  ASSIGN_OR_RETURN(made->kubectl_, FromEnvironment("KUBECTL"));
  RETURN_IF_ERROR(made->Prepare());
  return made;
}

absl::Status BenchCluster::Prepare() {
  ASSIGN_OR_RETURN(const KubeAccess access, ReadKubeconfig(kubeconfig_));
  ASSIGN_OR_RETURN(client_, HttpKubeClient::Create(access, {.manager = "bench"}, clock_));
  const std::string definition = INNKEEPER_SOURCE "/deploy/coordinator/crd-guests.yaml";
  RETURN_IF_ERROR(
      OutputOf(kubectl_ + " apply --server-side --force-conflicts -f " + definition).status());
  RETURN_IF_ERROR(
      OutputOf(kubectl_ + " wait --for=condition=established crd/guests.innkeeper.dev").status());
  for (const char* name : {kNamespace, kSpace}) {
    const std::string object = json{{"metadata", {{"name", name}}}}.dump();
    const absl::Status made =
        client_->Create({kNamespaces, "", name}, object, {}, InTime()).status();
    if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  }
  return absl::OkStatus();
}

absl::Status BenchCluster::InstallWebhook(const std::string& name, uint16_t port,
                                          const std::string& ca) {
  // kubectl for the document's anchors and merges.
  ASSIGN_OR_RETURN(const std::string text,
                   OutputOf(kubectl_ + " create --dry-run=client -o json -f " INNKEEPER_SOURCE
                                       "/deploy/coordinator/webhook.yaml"));
  json object = json::parse(text);
  object["metadata"] = {{"name", name}};
  for (json& entry : object["webhooks"]) {
    json client{{"url", "https://127.0.0.1:" + std::to_string(port) + "/mutate-virtualmachine"}};
    if (!ca.empty()) client["caBundle"] = absl::Base64Escape(ca);
    entry["clientConfig"] = std::move(client);
  }
  RETURN_IF_ERROR(RemoveWebhook(name));
  return client_->Create(WebhookPath(name), object.dump(), {}, InTime()).status();
}

absl::Status BenchCluster::RemoveWebhook(const std::string& name) {
  const absl::Status gone = client_->Delete(WebhookPath(name), {}, InTime());
  return absl::IsNotFound(gone) ? absl::OkStatus() : gone;
}

absl::StatusOr<std::string> BenchCluster::AwaitCaBundle(const Call& call) {
  while (true) {
    RETURN_IF_ERROR(call.Check("wait until the coordinator leads and is trusted"));
    ASSIGN_OR_RETURN(const std::string text, client_->Get(WebhookPath("innkeeper"), InTime()));
    const json client = json::parse(text)["webhooks"][0]["clientConfig"];
    std::string bundle;
    if (absl::Base64Unescape(client.value("caBundle", ""), &bundle) && !bundle.empty())
      return bundle;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

absl::StatusOr<std::string> BenchCluster::CreateVm(const std::string& name) {
  return client_->Create({kVms, kSpace, name}, VmNamed(name).dump(), {}, InTime());
}

absl::Status BenchCluster::DeleteVm(const std::string& name) {
  return client_->Delete({kVms, kSpace, name}, {}, InTime());
}

absl::Status BenchCluster::AwaitPrepared(bool prepared, const Call& call) {
  while (true) {
    RETURN_IF_ERROR(call.Check("wait until the API server calls the webhook"));
    const std::string name = "probe-" + RandomHex(6);
    ASSIGN_OR_RETURN(const std::string vm, CreateVm(name));
    RETURN_IF_ERROR(DeleteVm(name));
    if (IsPrepared(vm) == prepared) return absl::OkStatus();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace innkeeper
