#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "base/http_server/session.h"
#include "base/http_server/unix_socket.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;
template <class Protocol>
using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;

constexpr char kUnixPrefix[] = "unix:";
constexpr size_t kRefusals = 64;  // sessions beyond the cap that are told so; more are just closed
// Out of descriptors, accepting again at once would only burn the processor.
constexpr std::chrono::milliseconds kAcceptPause{100};
// Limits of seconds may be overrun by this much.
constexpr std::chrono::milliseconds kWatchEvery{200};

absl::StatusOr<Tcp::endpoint> ParseEndpoint(const std::string& text) {
  const size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
  beast::error_code error;
  const auto address = asio::ip::make_address(host, error);
  uint32_t port = 0;
  if (error || !absl::SimpleAtoi(digits, &port) || port > 65535) {
    return absl::InvalidArgumentError("listen address '" + text +
                                      "': ADDRESS:PORT or unix:/PATH is expected");
  }
  return Tcp::endpoint(address, static_cast<uint16_t>(port));
}

std::string TextOf(const Tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

// An IPv4 client of an IPv6 socket is shown as what it is.
std::string PeerAddress(const TcpSocket& socket) {
  beast::error_code error;
  const asio::ip::address address = socket.remote_endpoint(error).address();
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.to_string();
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
}

class BeastHttpServer final : public HttpServer {
 public:
  explicit BeastHttpServer(Options options)
      : core_(std::move(options)), tls_(core_.options().tls) {}
  ~BeastHttpServer() override { Stop(Call{MonotonicTime{}, {}}); }

  absl::Status Bind();
  void Route(const std::string& method, const std::string& pattern, HttpHandler handler) override {
    core_.router().Add(method, pattern, std::move(handler));
  }
  absl::Status Start() override;
  void ReplaceTls(TlsContext tls) override {
    asio::post(io_, [this, tls = std::move(tls)]() mutable { tls_ = std::move(tls); });
  }
  void Stop(const Call& drain) override;
  std::string endpoint() const override { return endpoint_; }

 private:
  absl::Status BindUnix(const std::string& path);
  absl::Status BindTcp(const std::string& address);
  template <class Protocol>
  void Accept(Acceptor<Protocol>& acceptor);
  void Open(TcpSocket socket);
  void Open(UnixSocket socket);
  void Watch();
  void StartSession(std::unique_ptr<ByteStream> stream, HttpPeer peer);

  ServerCore core_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  Acceptor<Tcp> tcp_{io_.get_executor()};
  Acceptor<Unix> unix_{io_.get_executor()};
  asio::steady_timer pause_{io_}, watch_{io_};
  TlsContext tls_;  // the I/O thread's, as is the next
  SessionSet sessions_;
  bool watching_ = false;
  std::string endpoint_, socket_path_;
  std::atomic<bool> stopped_ = false;
  std::jthread thread_;
};

absl::Status BeastHttpServer::Bind() {
  const std::string& listen = core_.options().listen;
  if (!listen.starts_with(kUnixPrefix)) return BindTcp(listen);
  return BindUnix(listen.substr(sizeof kUnixPrefix - 1));
}

absl::Status BeastHttpServer::BindUnix(const std::string& path) {
  if (path.empty() || path.size() > 107) {  // sockaddr_un
    return absl::InvalidArgumentError("a unix socket's path has 1 to 107 bytes: '" + path + "'");
  }
  RETURN_IF_ERROR(RemoveStaleSocket(path));
  beast::error_code error;
  unix_.open(Unix(), error);
  if (!error) unix_.bind(Unix::endpoint(path), error);
  if (error) return absl::UnavailableError(path + ": " + error.message());
  socket_path_ = path;
  endpoint_ = kUnixPrefix + path;
  // Before anyone can connect.
  RETURN_IF_ERROR(SetSocketAccess(path, core_.options().socket_group));
  unix_.listen(asio::socket_base::max_listen_connections, error);
  return error ? absl::UnavailableError(path + ": " + error.message()) : absl::OkStatus();
}

absl::Status BeastHttpServer::BindTcp(const std::string& address) {
  ASSIGN_OR_RETURN(const Tcp::endpoint wanted, ParseEndpoint(address));
  beast::error_code error;
  tcp_.open(wanted.protocol(), error);
  if (!error) tcp_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp_.bind(wanted, error);
  if (!error) tcp_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError("listen on " + address + ": " + error.message());
  endpoint_ = TextOf(tcp_.local_endpoint());
  return absl::OkStatus();
}

absl::Status BeastHttpServer::Start() {
  core_.StartWorkers();
  socket_path_.empty() ? Accept(tcp_) : Accept(unix_);
  thread_ = std::jthread([this] {
    NameThread("http-io");
    io_.run();
  });
  return absl::OkStatus();
}

template <class Protocol>
void BeastHttpServer::Accept(Acceptor<Protocol>& acceptor) {
  acceptor.async_accept([this, &acceptor](beast::error_code error, auto socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      Open(std::move(socket));
      return Accept(acceptor);
    }
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this, &acceptor](beast::error_code cancelled) {
      if (!cancelled && acceptor.is_open()) Accept(acceptor);
    });
  });
}

void BeastHttpServer::StartSession(std::unique_ptr<ByteStream> stream, HttpPeer peer) {
  const bool full = core_.open_sessions() >= core_.options().connections;
  std::make_shared<Session>(std::move(stream), std::move(peer), core_, sessions_)
      ->Start(full ? Admission::kRefuse : Admission::kServe);
  if (!watching_) Watch();
}

// Runs only while somebody is connected.
void BeastHttpServer::Watch() {
  watching_ = !sessions_.all.empty();
  if (!watching_) return;
  watch_.expires_after(kWatchEvery);
  watch_.async_wait([this](beast::error_code) {
    sessions_.CloseLate(std::chrono::steady_clock::now());
    Watch();
  });
}

void BeastHttpServer::Open(TcpSocket socket) {
  if (core_.open_sessions() >= core_.options().connections + kRefusals) return;
  beast::error_code ignored;
  socket.set_option(Tcp::no_delay(true), ignored);
  HttpPeer peer;
  peer.address = PeerAddress(socket);
  StartSession(
      tls_ ? MakeTlsByteStream(std::move(socket), tls_) : MakeByteStream(std::move(socket)),
      std::move(peer));
}

void BeastHttpServer::Open(UnixSocket socket) {
  if (core_.open_sessions() >= core_.options().connections + kRefusals) return;
  HttpPeer peer;
  peer.address = "unix";
  peer.uid = PeerUid(socket.native_handle());
  StartSession(MakeByteStream(std::move(socket)), std::move(peer));
}

void BeastHttpServer::Stop(const Call& drain) {
  if (stopped_.exchange(true)) return;
  asio::post(io_, [this] {
    beast::error_code ignored;
    tcp_.close(ignored);
    unix_.close(ignored);
    pause_.cancel();
    sessions_.draining = true;
    for (const auto& session : std::set(sessions_.all)) session->Drain();
  });
  core_.StopWorkers(drain);
  // Their answers are on the way now.
  if (thread_.joinable()) core_.AwaitSessions(drain);
  asio::post(io_, [this] {
    for (const auto& session : std::set(sessions_.all)) session->Close();
    watch_.cancel();
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
