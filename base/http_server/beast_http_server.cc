#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/http_server/session.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

constexpr char kUnixPrefix[] = "unix:";

absl::StatusOr<asio::ip::tcp::endpoint> ParseEndpoint(const std::string& text) {
  const size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  beast::error_code error;
  const auto address = asio::ip::make_address(host, error);
  char* end = nullptr;
  const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
  const unsigned long port = std::strtoul(digits.c_str(), &end, 10);
  if (error || digits.empty() || *end != '\0' || port > 65535) {
    return absl::InvalidArgumentError("listen address '" + text +
                                      "': ADDRESS:PORT or unix:/PATH is expected");
  }
  return asio::ip::tcp::endpoint(address, static_cast<uint16_t>(port));
}

// A socket file somebody still listens on must not be taken away from them.
absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) return absl::OkStatus();
  if (!S_ISSOCK(facts.st_mode)) {
    return absl::FailedPreconditionError(path + " exists and is no socket");
  }
  asio::io_context io;
  Unix::socket probe(io);
  beast::error_code error;
  probe.connect(Unix::endpoint(path), error);
  if (!error) return absl::FailedPreconditionError(path + ": another process listens there");
  unlink(path.c_str());
  return absl::OkStatus();
}

absl::Status SetSocketAccess(const std::string& path, const std::string& group) {
  if (!group.empty()) {
    const struct group* entry = getgrnam(group.c_str());  // NOLINT(concurrency-mt-unsafe): at start
    if (entry == nullptr) return absl::NotFoundError("no group '" + group + "'");
    if (chown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) != 0) {
      return ErrnoStatus(errno, path);
    }
  }
  return chmod(path.c_str(), 0660) == 0 ? absl::OkStatus() : ErrnoStatus(errno, path);
}

std::optional<uint32_t> PeerUid(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return credentials.uid;
}

class BeastHttpServer final : public HttpServer {
 public:
  explicit BeastHttpServer(Options options) : core_(std::move(options)) {}
  ~BeastHttpServer() override { Stop(Call{MonotonicTime{}, {}}); }

  absl::Status Bind();
  void Route(const std::string& method, const std::string& pattern, HttpHandler handler) override {
    core_.router.Add(method, pattern, std::move(handler));
  }
  absl::Status Start() override;
  void ReplaceTls(TlsContext tls) override {
    asio::post(io_, [this, tls = std::move(tls)]() mutable { tls_ = std::move(tls); });
  }
  void Stop(const Call& drain) override;
  std::string endpoint() const override { return endpoint_; }

 private:
  absl::Status BindUnix(const std::string& path);
  void AcceptTcp();
  void AcceptUnix();
  void Open(asio::ip::tcp::socket socket);
  void Open(Unix::socket socket);
  bool Full() const { return core_.open_sessions >= core_.options.connections; }

  ServerCore core_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::ip::tcp::acceptor tcp_{io_};
  Unix::acceptor unix_{io_};
  asio::steady_timer pause_{io_};
  TlsContext tls_;
  SessionSet sessions_;  // the I/O thread's
  std::string endpoint_, socket_path_;
  bool stopped_ = false;
  std::jthread thread_;
};

absl::Status BeastHttpServer::BindUnix(const std::string& path) {
  RETURN_IF_ERROR(RemoveStaleSocket(path));
  beast::error_code error;
  unix_.open(Unix(), error);
  if (!error) unix_.bind(Unix::endpoint(path), error);
  if (!error) unix_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(path + ": " + error.message());
  socket_path_ = path;
  endpoint_ = kUnixPrefix + path;
  return SetSocketAccess(path, core_.options.socket_group);
}

absl::Status BeastHttpServer::Bind() {
  tls_ = core_.options.tls;
  const std::string& listen = core_.options.listen;
  if (listen.starts_with(kUnixPrefix)) return BindUnix(listen.substr(sizeof kUnixPrefix - 1));
  ASSIGN_OR_RETURN(const asio::ip::tcp::endpoint wanted, ParseEndpoint(listen));
  beast::error_code error;
  tcp_.open(wanted.protocol(), error);
  if (!error) tcp_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp_.bind(wanted, error);
  if (!error) tcp_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError("listen on " + listen + ": " + error.message());
  const auto bound = tcp_.local_endpoint();
  const std::string host = bound.address().to_string();
  endpoint_ = (bound.address().is_v6() ? "[" + host + "]" : host) + ":" +
              std::to_string(bound.port());
  return absl::OkStatus();
}

absl::Status BeastHttpServer::Start() {
  core_.StartWorkers();
  socket_path_.empty() ? AcceptTcp() : AcceptUnix();
  thread_ = std::jthread([this] {
    NameThread("http-io");
    io_.run();
  });
  return absl::OkStatus();
}

void BeastHttpServer::AcceptTcp() {
  tcp_.async_accept([this](beast::error_code error, asio::ip::tcp::socket socket) {
    if (!tcp_.is_open()) return;
    if (!error) Open(std::move(socket));
    if (!error) return AcceptTcp();
    // Out of descriptors: looking again at once would only burn the processor.
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](beast::error_code cancelled) {
      if (!cancelled) AcceptTcp();
    });
  });
}

void BeastHttpServer::AcceptUnix() {
  unix_.async_accept([this](beast::error_code error, Unix::socket socket) {
    if (!unix_.is_open()) return;
    if (!error) Open(std::move(socket));
    if (!error) return AcceptUnix();
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](beast::error_code cancelled) {
      if (!cancelled) AcceptUnix();
    });
  });
}

void BeastHttpServer::Open(asio::ip::tcp::socket socket) {
  if (Full()) return;  // the socket closes
  beast::error_code error;
  HttpPeer peer;
  peer.address = socket.remote_endpoint(error).address().to_string();
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  TcpStream stream(std::move(socket));
  if (!tls_) {
    return std::make_shared<Session<TcpStream>>(std::move(stream), peer, core_, sessions_)->Start();
  }
  SSL_CTX_up_ref(tls_.get());
  asio::ssl::context context(tls_.get());  // owns the reference just taken
  std::make_shared<Session<TlsStream>>(TlsStream(std::move(stream), context), peer, core_,
                                       sessions_)
      ->Start();
}

void BeastHttpServer::Open(Unix::socket socket) {
  if (Full()) return;
  HttpPeer peer;
  peer.address = "unix";
  peer.uid = PeerUid(socket.native_handle());
  std::make_shared<Session<UnixStream>>(UnixStream(std::move(socket)), peer, core_, sessions_)
      ->Start();
}

void BeastHttpServer::Stop(const Call& drain) {
  if (stopped_) return;
  stopped_ = true;
  asio::post(io_, [this] {
    beast::error_code ignored;
    tcp_.close(ignored);
    unix_.close(ignored);
    pause_.cancel();
  });
  core_.StopWorkers(drain);
  // Behind the answers the workers posted; sessions remove themselves from the set.
  asio::post(io_, [this] {
    for (const auto& session : SessionSet(sessions_)) session->Close();
    work_.reset();
  });
  if (thread_.joinable()) thread_.join();
  if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Create(Options options) {
  auto server = std::make_unique<BeastHttpServer>(std::move(options));
  RETURN_IF_ERROR(server->Bind());
  return server;
}

}  // namespace innkeeper
