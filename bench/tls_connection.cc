#include "bench/tls_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/openssl_handles.h"
#include "bench/http_answer.h"

namespace innkeeper {
namespace {

constexpr char kCipher[] = "TLS_AES_128_GCM_SHA256";

}  // namespace

absl::StatusOr<TlsContext> MakeLoadContext(const std::string& ca) {
  TlsContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return OpensslError(absl::StatusCode::kInternal, "make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context.get(), kCipher);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  for (const CertificateHandle& one : ReadCertificates(ca)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), one.get());
  }
  return context;
}

absl::StatusOr<std::unique_ptr<TlsConnection>> TlsConnection::Open(const TlsContext& context,
                                                                   uint16_t port,
                                                                   const Call& call) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return ErrnoStatus(errno, "socket");
  std::unique_ptr<TlsConnection> made(new TlsConnection(descriptor));
  const sockaddr_in to{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return ErrnoStatus(errno, "connect to port " + std::to_string(port));
  }
  const int yes = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  RETURN_IF_ERROR(made->Greet(context, call));
  return made;
}

TlsConnection::~TlsConnection() {
  if (tls_) SSL_shutdown(tls_.get());
  tls_.reset();
  close(descriptor_);
}

absl::Status TlsConnection::Greet(const TlsContext& context, const Call& call) {
  tls_ = {SSL_new(context.get()), SSL_free};
  if (!tls_) return OpensslError(absl::StatusCode::kInternal, "make a TLS end");
  SSL_set_fd(tls_.get(), descriptor_);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(tls_.get());
    if (result == 1) return absl::OkStatus();
    if (SSL_get_error(tls_.get(), result) != SSL_ERROR_WANT_READ) {
      return OpensslError(absl::StatusCode::kUnavailable, "TLS handshake");
    }
    RETURN_IF_ERROR(AwaitReadable(call));
  }
}

absl::Status TlsConnection::AwaitReadable(const Call& call) const {
  pollfd entry{descriptor_, POLLIN, 0};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(call.Remaining());
  if (poll(&entry, 1, static_cast<int>(wait.count())) == 1) return absl::OkStatus();
  return absl::DeadlineExceededError("no answer in time");
}

absl::Status TlsConnection::Send(const std::string& request) {
  ERR_clear_error();
  const int sent = SSL_write(tls_.get(), request.data(), static_cast<int>(request.size()));
  if (sent == static_cast<int>(request.size())) return absl::OkStatus();
  return OpensslError(absl::StatusCode::kUnavailable, "send a request");
}

absl::StatusOr<std::optional<TlsConnection::Answer>> TlsConnection::Receive() {
  std::array<char, 16 * 1024> piece{};
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(tls_.get(), piece.data(), piece.size());
    if (got > 0) {
      received_.append(piece.data(), static_cast<size_t>(got));
      continue;
    }
    if (SSL_get_error(tls_.get(), got) == SSL_ERROR_WANT_READ) break;
    return OpensslError(absl::StatusCode::kUnavailable, "the server closed the connection");
  }
  ASSIGN_OR_RETURN(const std::optional<HttpAnswer> found, FindAnswer(received_));
  if (!found) return std::nullopt;
  Answer answer{found->status, received_.substr(found->body_at, found->size - found->body_at)};
  received_.erase(0, found->size);
  return answer;
}

absl::StatusOr<TlsConnection::Answer> TlsConnection::Exchange(const std::string& request,
                                                              const Call& call) {
  RETURN_IF_ERROR(Send(request));
  for (;;) {
    RETURN_IF_ERROR(AwaitReadable(call));
    ASSIGN_OR_RETURN(std::optional<Answer> answer, Receive());
    if (answer) return *std::move(answer);
  }
}

}  // namespace innkeeper
