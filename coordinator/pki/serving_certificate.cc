#include "coordinator/pki/serving_certificate.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

std::string PublishedBundle(const std::string& directory) {
  std::ifstream file(directory + "/current/ca.crt", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> Sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

absl::Time RenewalTime(const CertificateFacts& certificate) {
  return certificate.not_before + (certificate.not_after - certificate.not_before) / 3;
}

bool ServingCertificate::PresentIsGood(const KeyPair& present, absl::Time now) const {
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(present.chain);
  return facts.ok() && now < RenewalTime(*facts) &&
         Sorted(facts->names) == Sorted(options_.names) &&
         ValidateKeyPair(present, issuers_.Signing(Authority::kCoordinator), now).ok();
}

absl::Status ServingCertificate::Ensure() {
  const absl::Time now = clock_.Now();
  const std::string clients = issuers_.Bundle(Authority::kAgents);
  absl::StatusOr<KeyPair> present = LoadKeyPair(options_.directory);
  if (present.ok() && PresentIsGood(*present, now)) {
    Use(*present);
    if (PublishedBundle(options_.directory) == clients) return absl::OkStatus();
    return PublishKeyPair(options_.directory, *present, clients);
  }
  ASSIGN_OR_RETURN(const KeyPair made, issuers_.IssueServing(options_.names, options_.life));
  RETURN_IF_ERROR(ValidateKeyPair(made, issuers_.Bundle(Authority::kCoordinator), now));
  RETURN_IF_ERROR(PublishKeyPair(options_.directory, made, clients));
  LogInfo("new serving certificate", {{"directory", options_.directory}});
  Use(made);
  return absl::OkStatus();
}

void ServingCertificate::Use(const KeyPair& pair) {
  const std::string clients = ClientBundle(issuers_);
  if (used_ == pair.chain + clients) return;
  used_ = pair.chain + clients;
  if (options_.use) options_.use(pair, clients);
}

void ServingCertificate::Start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    NameThread("serving-cert");
    Run(std::move(stop));
  });
}

void ServingCertificate::Wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

void ServingCertificate::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const absl::Status ensured = Ensure();
    if (!ensured.ok()) LogWarning("serving certificate not renewed", {{"error", ensured}});
    // Looked at again and again rather than once at the right time: wall clocks jump.
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, ensured.ok() ? options_.check : options_.retry,
                   [this] { return woken_; });
    woken_ = false;
  }
}

}  // namespace innkeeper
