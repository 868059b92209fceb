#pragma once
// One kept connection of a load generator: TLS 1.3 to a port of this machine, HTTP/1.1, one request
// at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/call.h"
#include "base/status.h"
#include "base/tls.h"

struct ssl_st;

namespace innkeeper {

// Trusts `ca` (PEM) and offers one cipher only, so that every server pays for the same.
absl::StatusOr<TlsContext> MakeLoadContext(const std::string& ca);

class TlsConnection {
 public:
  // Connected and greeted. Blocks.
  static absl::StatusOr<std::unique_ptr<TlsConnection>> Open(const TlsContext& context,
                                                             uint16_t port, const Call& call);
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  // The server takes all of it at once: it is a few kilobytes.
  absl::Status Send(const std::string& request);
  // What has come so far; once all has, the answer. UNAVAILABLE: the server closed. Never blocks.
  struct Answer {
    int status = 0;
    std::string body;
  };
  absl::StatusOr<std::optional<Answer>> Receive();
  absl::StatusOr<Answer> Exchange(const std::string& request, const Call& call);
  int descriptor() const { return descriptor_; }

 private:
  explicit TlsConnection(int descriptor) : descriptor_(descriptor) {}
  absl::Status Greet(const TlsContext& context, const Call& call);
  absl::Status AwaitReadable(const Call& call) const;

  const int descriptor_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_{nullptr, nullptr};
  std::string received_;
};

}  // namespace innkeeper
