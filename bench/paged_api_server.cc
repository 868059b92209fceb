#include "bench/paged_api_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/openssl_handles.h"
#include "base/testing/test_pki.h"
#include "base/tls.h"
#include "bench/vm_corpus.h"

namespace innkeeper {
namespace {

constexpr size_t kPiece = 32 * 1024;  // bytes of a chunk: what Go's server buffers before it sends

using Tls = std::unique_ptr<SSL, void (*)(SSL*)>;

// One connection of a client, answered request by request until it closes.
class Connection {
 public:
  Connection(int socket, Tls tls, const PagedApi& api)
      : socket_(socket), tls_(std::move(tls)), api_(api) {}
  ~Connection() {
    tls_.reset();
    close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Serve() {
    while (const std::optional<std::string> target = NextTarget()) {
      if (!Answer(*target)) return;
    }
  }

 private:
  // Of a request without a body; nothing: the client has gone.
  std::optional<std::string> NextTarget() {
    std::array<char, 4096> piece{};
    size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      const int got = SSL_read(tls_.get(), piece.data(), piece.size());
      if (got <= 0) return std::nullopt;
      received_.append(piece.data(), static_cast<size_t>(got));
    }
    const size_t from = received_.find(' ') + 1;
    const std::string target = received_.substr(from, received_.find(' ', from) - from);
    received_.erase(0, end + 4);
    return target;
  }

  bool Answer(const std::string& target) {
    const absl::StatusOr<ListRequest> request = ParseListRequest(target);
    if (!request.ok()) return Refuse(404, "NotFound");
    if (request->initial_events && !api_.streams) return Refuse(400, "BadRequest");
    if (!Send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
              "Transfer-Encoding: chunked\r\n\r\n"))
      return false;
    const CorpusKind kind = request->vmis ? CorpusKind::kVmi : CorpusKind::kVm;
    return request->watch ? SendWatch(kind, *request) : SendPage(kind, *request);
  }

  bool SendPage(CorpusKind kind, const ListRequest& request) {
    std::this_thread::sleep_for(api_.page_time);
    const size_t count = std::min(request.limit, api_.objects - request.first);
    const size_t next = request.first + count;
    const std::string page =
        PageOf(kind, request.first, count, next < api_.objects ? std::to_string(next) : "");
    for (size_t at = 0; at < page.size(); at += kPiece) {
      if (!SendChunk(page.substr(at, kPiece))) return false;
    }
    return SendChunk("");
  }

  // All there is when that is asked for, then nothing until the client goes.
  bool SendWatch(CorpusKind kind, const ListRequest& request) {
    std::string piece;
    for (size_t i = 0; request.initial_events && i < api_.objects; ++i) {
      AppendEvent(kind, "ADDED", i, 1, piece);
      if (piece.size() < kPiece) continue;
      if (!SendChunk(piece)) return false;
      piece.clear();
    }
    if (request.initial_events && !SendChunk(piece + InitialEventsEnd(kind, 1))) return false;
    char rest = 0;
    while (SSL_read(tls_.get(), &rest, 1) > 0) {
    }
    return false;
  }

  bool Refuse(int status, const std::string& reason) {
    const std::string body = R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":")" +
                             reason + R"(","code":)" + std::to_string(status) + "}";
    return Send("HTTP/1.1 " + std::to_string(status) +
                " x\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  bool SendChunk(const std::string& text) {
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
    return Send(size.data() + text + "\r\n");
  }
  bool Send(const std::string& bytes) {
    return SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }

  const int socket_;
  Tls tls_;
  const PagedApi& api_;
  std::string received_;
};

absl::StatusOr<int> Listen(uint16_t& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  socklen_t size = sizeof at;
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return ErrnoStatus(errno, "listen on loopback");
  port = ntohs(at.sin_port);
  return listener;
}

[[noreturn]] void Serve(int listener, const TlsContext& context, const PagedApi& api) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  PinThisProcess(Core::kFirst);
  while (true) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    std::thread([socket, &context, &api] {
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Tls tls(SSL_new(context.get()), SSL_free);
      SSL_set_fd(tls.get(), socket);
      const bool greeted = SSL_accept(tls.get()) == 1;
      Connection connection(socket, std::move(tls), api);
      if (greeted) connection.Serve();
    }).detach();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PagedApiServer>> PagedApiServer::Start(const PagedApi& api) {
  const TestAuthority authority;
  const KeyPair pair = authority.Sign({.until = absl::Now() + absl::Hours(24)});
  ASSIGN_OR_RETURN(const TlsContext context, MakeServerContext(pair, "", ClientCertificate::kNone));
  uint16_t port = 0;
  ASSIGN_OR_RETURN(const int listener, Listen(port));
  const pid_t process = fork();
  if (process == 0) Serve(listener, context, api);
  close(listener);
  if (process < 0) return ErrnoStatus(errno, "fork");
  KubeAccess access;
  access.server = "https://127.0.0.1:" + std::to_string(port);
  access.ca_pem = authority.certificate();
  return std::unique_ptr<PagedApiServer>(new PagedApiServer(process, std::move(access)));
}

PagedApiServer::~PagedApiServer() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

}  // namespace innkeeper
