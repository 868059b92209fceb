#pragma once
// The HTTPS listener of all our programs (Boost.Beast). One I/O thread moves bytes; handlers run on
// a bounded pool of workers and may block, or, in a server without workers, on the I/O thread
// itself. Bodies, headers, connections and idle time are capped.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"
#include "base/tls.h"

namespace innkeeper {

// Who is at the other end, as the channel proves it.
struct HttpPeer {
  std::string address;          // "10.1.2.3", or "unix"
  std::optional<uint32_t> uid;  // unix socket only (SO_PEERCRED)
  std::string certificate;      // PEM of a verified client certificate, else empty
};

struct HttpServerRequest {
  std::string method;
  std::string path;                            // decoded, without the query
  std::map<std::string, std::string> query;    // decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  HttpPeer peer;
  std::map<std::string, std::string> captured;  // {name} parts of the route's pattern
};

// One piece of a streamed answer at a time, from any thread; false when the client has gone or
// reads too slowly (its queue, 1 MiB, is full: the stream is then closed). The answer ends properly
// when the last owner lets go. May outlive the server.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  virtual bool Write(std::string piece) = 0;
  virtual bool open() const = 0;
};

struct HttpServerReply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Set for a streamed answer (server-sent events): called once, on the I/O thread, with the open
  // stream after the head was sent; it keeps the pointer and returns at once. `body` goes out
  // before anything written there, and may be larger than the stream's queue. Not called for HEAD,
  // for a client of HTTP/1.0, and when the client has gone or the server stops meanwhile.
  std::function<void(std::shared_ptr<HttpStream>)> stream;
};

// {"error":{"code":...,"message":...}}, as the server's own answers are; `code` is absl's name for
// it.
HttpServerReply ErrorReply(int status, const char* code, const std::string& message);

using HttpHandler = std::function<HttpServerReply(const HttpServerRequest&, const Call&)>;

class HttpServer {
 public:
  struct Options {
    // "127.0.0.1:8443", "[::]:8443", port 0 = any; or "unix:/run/x.sock" (mode 0660; a stale socket
    // file is replaced, a live one is FAILED_PRECONDITION).
    std::string listen;
    TlsContext tls;  // null: plain (unix socket, loopback)
    // 0: handlers run on the I/O thread. Only for those that are quick and never block; it saves
    // them two changes of thread a request.
    size_t workers = 4;
    size_t body_cap = 1u << 20;  // bytes; 413 beyond
    size_t connections = 512;    // 503 and close beyond
    Duration request_timeout = std::chrono::seconds(30);
    Duration idle_timeout = std::chrono::seconds(60);
    std::string socket_group;  // unix socket's group; empty: leave
    // Told of each client whose certificate the handshake refused (FlawOf says why). On the I/O
    // thread: quick. May be empty.
    std::function<void(const std::string& address, const absl::Status& why)> on_refused;
  };
  // Binds at once, serves after Start. UNAVAILABLE: address in use. INVALID_ARGUMENT: no such
  // address.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Create(Options options);
  virtual ~HttpServer() = default;

  // Before Start. Pattern "/v1/guests/{namespace}/{name}"; a part in braces matches one segment.
  // "{name}:verb" matches a segment that ends so. Of two patterns that match, the first wins. GET
  // answers HEAD too. 400, 404, 405, 413, 431 and 503 are the server's own answers; an exception
  // becomes 500. The handler's Call ends with request_timeout, and is stopped when Stop runs out of
  // patience.
  virtual void Route(const std::string& method, const std::string& pattern,
                     HttpHandler handler) = 0;
  virtual absl::Status Start() = 0;
  // New connections get the new context; old ones finish on theirs. Any thread.
  virtual void ReplaceTls(TlsContext tls) = 0;
  // Stops accepting, closes idle connections and streams, waits for running handlers and their
  // answers until the deadline, then stops and closes what is left. Returns when no handler runs:
  // one that ignores its Call is waited for. Not from a handler.
  virtual void Stop(const Call& drain) = 0;
  // "127.0.0.1:37211" or "unix:/run/x.sock": with the port that was bound.
  virtual std::string endpoint() const = 0;
};

}  // namespace innkeeper
