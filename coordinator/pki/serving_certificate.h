#pragma once
// The coordinator's own certificate: issued, published for the gRPC port's file watcher, handed to
// the HTTPS port, renewed when a third of its life is over.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/tls.h"
#include "coordinator/pki/issuers.h"

namespace innkeeper {

class ServingCertificate {
 public:
  struct Options {
    std::string directory;           // of PublishKeyPair; ca.crt there is the agents' bundle
    std::vector<std::string> names;  // DNS names and IP addresses agents and people connect to
    absl::Duration life = absl::Hours(24 * 90);
    Duration check = std::chrono::hours(1);     // the longest wait between two looks
    Duration retry = std::chrono::seconds(30);  // after a failure
    // A listener's part in it, e.g. HttpServer::ReplaceTls: called with each new pair, and with the
    // present one when the authorities of clients (ClientBundle) changed. May be empty.
    std::function<void(const KeyPair& pair, const std::string& clients)> use;
  };
  // Issuers and Clock outlive it.
  ServingCertificate(Issuers& issuers, const Clock& clock, Options options)
      : issuers_(issuers), clock_(clock), options_(std::move(options)) {}

  // A valid pair with today's names and the agents' present bundle is published and in use: the one
  // that is there, or a new one. Blocks on the disk. Not while the thread runs.
  absl::Status Ensure();
  // Keeps it so, on a thread, until this object goes.
  void Start();
  // Look now: an authority changed. Any thread.
  void Wake();

 private:
  bool PresentIsGood(const KeyPair& present, absl::Time now) const;
  void Use(const KeyPair& pair);
  void Run(std::stop_token stop);

  Issuers& issuers_;
  const Clock& clock_;
  const Options options_;
  std::string used_;  // the pair's chain and the clients' bundle that `use` has
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool woken_ = false;
  std::jthread thread_;  // "serving-cert"
};

// When a certificate is renewed: a third of its life after its start, so that two thirds are left
// for an outage of whatever renews it.
absl::Time RenewalTime(const CertificateFacts& certificate);

}  // namespace innkeeper
