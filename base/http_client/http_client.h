#pragma once
// HTTPS requests over libcurl: connections are kept and shared, certificates are always verified,
// every request has a deadline and a cap. Thread-safe: each call borrows a handle of the pool.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/call.h"
#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // https://, or http:// over a unix socket
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool secret_body = false;              // zeroed after sending; never in a debug trace
  std::shared_ptr<const Secret> bearer;  // sent as the Authorization header
  enum class Login {
    kNone,
    kNegotiate
  } login = Login::kNone;  // SPNEGO with the pool's ticket cache
};

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  // The first header of that name (lower case), or empty.
  std::string Header(const std::string& name) const;
};

class HttpClient {
 public:
  struct Options {
    std::string ca_file;           // PEM bundle; empty only with unix_socket
    std::string ca_pem;            // instead of ca_file
    std::string certificate_file;  // client certificate and key, PEM files; empty: none
    std::string key_file;
    std::string certificate_pem;            // instead of the files
    std::shared_ptr<const Secret> key_pem;  // its key
    std::string proxy;     // "http://host:port"; empty: straight to the server, whatever the
                           // environment says
    std::string no_proxy;  // hosts, domains and networks reached without it, comma-separated
    // "host:port:host:port": who asks for the first is connected to the second, and shown a
    // certificate of the first; as curl's CURLOPT_CONNECT_TO.
    std::vector<std::string> connect_to;
    std::string unix_socket;           // connect here whatever the URL's host is
    std::vector<std::string> resolve;  // "host:port:address", as curl's CURLOPT_RESOLVE
    std::string pinned_spki_sha256;    // hexadecimal; the server's key must be this one
    size_t connections = 2;            // at most this many requests in flight; more wait
    size_t reply_cap = 16u << 20;      // bytes; a larger body is RESOURCE_EXHAUSTED
    bool verify_host_name = true;
    // A connection idle for longer is not used again: the server may just be closing it, and a
    // write whose connection dies has an unknown outcome. Apache's default patience is 5 s.
    Duration idle_limit = std::chrono::seconds(4);
    Duration connect_timeout = std::chrono::seconds(5);
  };
  // INVALID_ARGUMENT: no CA and no unix socket, a pin that is no SHA-256, or a certificate without
  // its key.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Create(Options options);
  virtual ~HttpClient() = default;

  // Any HTTP status is OK here. UNAVAILABLE: no connection, or it broke (details say before or
  // after the request was sent: see WasSent). DEADLINE_EXCEEDED, CANCELLED: by call.
  // PERMISSION_DENIED: the server's certificate did not verify. FAILED_PRECONDITION: our CA,
  // certificate or key file cannot be used. INVALID_ARGUMENT: the request cannot be sent as it is.
  // Nothing but GET and HEAD is ever sent twice. Redirects are answers.
  // Blocks.
  virtual absl::StatusOr<HttpReply> Send(HttpRequest request, const Call& call) = 0;

  // As Send, but hands the body of a 2xx answer over in pieces as it comes (server-sent events), on
  // the calling thread. `sink` returns false to end the request early, which is OK. The reply's
  // body stays empty; that of another answer is in it, as with Send.
  using Sink = std::function<bool(const char* bytes, size_t size)>;
  virtual absl::StatusOr<HttpReply> Stream(HttpRequest request, const Sink& sink,
                                           const Call& call) = 0;
};

// False when a failed Send can be proven to have reached nobody (no connection was made): safe to
// send again elsewhere. True when the outcome is unknown.
bool WasSent(const absl::Status& failure);

// The failure, so marked that WasSent is true of it: for doubles of whatever sends requests.
absl::Status MarkSent(absl::Status failure);

}  // namespace innkeeper
