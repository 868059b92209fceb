#pragma once
// A server's certificate that somebody else makes and renews in a folder: tls.crt and tls.key, as
// Kubernetes mounts a Secret of type kubernetes.io/tls (cert-manager, a platform's service CA).

#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/status.h"
#include "base/tls.h"

namespace innkeeper {

class FolderCertificate {
 public:
  struct Options {
    std::string directory;
    // The longest wait until a renewal is seen. A mounted Secret follows its object within a
    // minute, so this adds little.
    Duration check = std::chrono::seconds(10);
    // A listener's part in it, e.g. HttpServer::ReplaceTls: called with each new pair. May be
    // empty. Called by Look: on its caller's thread, or "folder-cert".
    std::function<void(const KeyPair& pair)> use;
  };
  // Clock outlives it.
  FolderCertificate(const Clock& clock, Options options)
      : clock_(clock), options_(std::move(options)) {}

  // What is in the folder is in use. Else the pair before stays: NOT_FOUND, a file is missing;
  // FAILED_PRECONDITION, it is no pair (half of a renewal), or not within its time. Blocks on the
  // disk. Not while the thread runs.
  absl::Status Look();
  // Looks again and again, on a thread, until this object goes. What is wrong is logged when it
  // begins.
  void Start();

  // The pair in use; empty before the first. Any thread.
  KeyPair Present() const;
  // OK, or why the last look failed. Any thread: for /readyz and metrics.
  absl::Status state() const;

 private:
  struct Now {
    KeyPair pair;
    absl::Status state = absl::UnavailableError("not looked at yet");
  };
  absl::Status Renew();
  void Run(const std::stop_token& stop);

  const Clock& clock_;
  const Options options_;
  mutable Guarded<Now> now_;
  std::jthread thread_;  // "folder-cert"
};

}  // namespace innkeeper
