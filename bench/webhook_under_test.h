#pragma once
// A webhook as a process of its own, on the first core: ours or a peer's.

#include <memory>
#include <string>
#include <vector>

#include "base/testing/temp_dir.h"
#include "base/testing/test_pki.h"
#include "bench/process.h"
#include "bench/tls_connection.h"
#include "bench/webhook_load.h"

namespace innkeeper {

enum class WebhookKind { kOurs, kGo, kPython };
const char* NameOf(WebhookKind kind);

// What all of them get: one certificate (ECDSA P-256), one client.
class WebhookTls {
 public:
  static absl::StatusOr<std::unique_ptr<WebhookTls>> Make();
  std::string certificate() const { return dir_.File("tls.crt"); }
  std::string key() const { return dir_.File("tls.key"); }
  std::string Log(WebhookKind kind) const { return dir_.File(std::string(NameOf(kind)) + ".log"); }
  const TlsContext& client() const { return client_; }
  const std::string& ca() const { return ca_; }  // PEM

 private:
  WebhookTls() = default;
  TempDir dir_;
  TlsContext client_;
  std::string ca_;
};

class WebhookUnderTest {
 public:
  // Answers when this returns. FAILED_PRECONDITION: the environment does not say where the peer is
  // (bench/run does).
  static absl::StatusOr<std::unique_ptr<WebhookUnderTest>> Start(WebhookKind kind,
                                                                 const WebhookTls& tls);

  // From fork until /healthz is answered.
  Duration start_to_ready() const { return start_to_ready_; }
  pid_t pid() const { return process_.pid(); }
  uint16_t port() const { return port_; }
  // The body of its answer.
  absl::StatusOr<std::string> Ask(const std::string& review) const;
  // Answers per CPU-second of its process.
  absl::StatusOr<double> PerCpuSecond(const std::string& review, size_t requests) const;
  // Microseconds of each answer at an offered rate.
  absl::StatusOr<std::vector<double>> Latencies(const std::string& review, double per_second,
                                                size_t requests) const;

 private:
  WebhookUnderTest(ChildProcess process, const WebhookTls& tls)
      : process_(std::move(process)), tls_(tls) {}
  absl::Status AwaitReady(const std::string& log);
  absl::StatusOr<TlsConnection::Answer> Exchange(const std::string& request) const;

  ChildProcess process_;
  const WebhookTls& tls_;
  uint16_t port_ = 0;
  Duration start_to_ready_{};
};

}  // namespace innkeeper
