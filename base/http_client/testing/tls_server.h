#pragma once
// A TLS server on a unix socket whose answers a function gives, byte for byte, with the ways a
// connection can go wrong: for tests of a whole client against a peer that misbehaves.

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/http_client/http_client.h"
#include "base/log.h"
#include "base/testing/temp_dir.h"
#include "base/tls.h"

namespace innkeeper {

class TlsServer {
 public:
  enum class Then {
    kGoOn,  // waits for the next request
    kCut,   // closes without a goodbye
    kHold,  // says nothing more, and listens to nothing
  };
  struct Answer {
    std::string bytes;
    Then then = Then::kGoOn;
  };
  // Called by a thread per connection.
  using Handler = std::function<Answer(const HttpRequest& request)>;

  TlsServer(const KeyPair& pair, Handler handler)
      : context_(*MakeServerContext(pair, "", ClientCertificate::kNone)),
        handler_(std::move(handler)) {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to whatever the client has closed
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    IK_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    IK_CHECK(listen(listener_, 16) == 0);
    acceptor_ = std::jthread([this] { Accept(); });
  }
  ~TlsServer() {
    shutdown(listener_, SHUT_RDWR);  // wakes accept
    acceptor_.join();
    open_.With([](std::vector<int>& open) {
      for (const int fd : open) shutdown(fd, SHUT_RDWR);
    });
    connections_.clear();
    open_.With([](std::vector<int>& open) {
      for (const int fd : open) close(fd);
    });
    close(listener_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string path() const { return dir_.File("server.sock"); }
  int requests() const { return requests_; }

 private:
  using Connection = std::unique_ptr<SSL, decltype(&SSL_free)>;

  void Accept() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      open_.With([fd](std::vector<int>& open) { open.push_back(fd); });
      connections_.emplace_back([this, fd] { Serve(fd); });
    }
  }

  void Serve(int fd) {
    const Connection tls(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(tls.get(), fd);
    Then then = SSL_accept(tls.get()) == 1 ? Then::kGoOn : Then::kCut;
    HttpRequest request;
    while (then == Then::kGoOn && Read(tls.get(), request)) {
      ++requests_;
      const Answer answer = handler_(request);
      if (!answer.bytes.empty())
        SSL_write(tls.get(), answer.bytes.data(), static_cast<int>(answer.bytes.size()));
      then = answer.then;
    }
    // The descriptor is closed with the server, so that its number is nobody else's meanwhile.
    if (then != Then::kHold) shutdown(fd, SHUT_RDWR);
  }

  static bool Read(SSL* tls, HttpRequest& request) {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) {
      if (!ReadMore(tls, text)) return false;
    }
    const size_t end = text.find("\r\n\r\n");
    request = {};
    ParseHead(text.substr(0, end + 2), request);
    request.body = text.substr(end + 4);
    size_t length = 0;
    for (const auto& [name, value] : request.headers) {
      if (name == "Content-Length") length = std::stoul(value);
    }
    while (request.body.size() < length) {
      if (!ReadMore(tls, request.body)) return false;
    }
    return true;
  }

  static bool ReadMore(SSL* tls, std::string& to) {
    char bytes[4096];
    const int size = SSL_read(tls, bytes, sizeof bytes);
    if (size > 0) to.append(bytes, static_cast<size_t>(size));
    return size > 0;
  }

  // "POST /path HTTP/1.1", then lines of "Name: value".
  static void ParseHead(const std::string& head, HttpRequest& request) {
    size_t at = head.find("\r\n");
    const std::string first = head.substr(0, at);
    request.method = first.substr(0, first.find(' '));
    request.url = first.substr(request.method.size() + 1, first.rfind(' ') - first.find(' ') - 1);
    for (at += 2; at < head.size(); at = head.find("\r\n", at) + 2) {
      const std::string line = head.substr(at, head.find("\r\n", at) - at);
      const size_t colon = line.find(": ");
      if (colon != std::string::npos)
        request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
  }

  const TempDir dir_;
  const TlsContext context_;
  const Handler handler_;
  std::atomic<int> requests_ = 0;
  int listener_ = -1;
  Guarded<std::vector<int>> open_;
  std::vector<std::jthread> connections_;  // the acceptor's, then the destructor's
  std::jthread acceptor_;
};

}  // namespace innkeeper
