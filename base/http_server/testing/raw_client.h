#pragma once
// A client that says exactly what it is told to, byte by byte, for tests of a server's manners.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/log.h"

namespace innkeeper {

class RawClient {
 public:
  // `endpoint` is an HttpServer's: "127.0.0.1:8443" or "unix:/run/x.sock".
  explicit RawClient(const std::string& endpoint) {
    constexpr char kUnix[] = "unix:";
    if (endpoint.starts_with(kUnix)) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, endpoint.c_str() + sizeof kUnix - 1,
                   sizeof address.sun_path - 1);
      Connect(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address);
      return;
    }
    const size_t colon = endpoint.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(endpoint.substr(colon + 1))));
    inet_pton(AF_INET, endpoint.substr(0, colon).c_str(), &address.sin_addr);
    Connect(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~RawClient() { HangUp(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // What the server has closed already is not an error here.
  void Say(const std::string& text) {
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t size = send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<size_t>(size);
    }
  }
  // Everything up to and with `end`, or up to the end of the connection. What came after `end` is
  // kept for the next call. Gives up after 20 seconds.
  std::string HearUntil(const std::string& end) {
    while (heard_.find(end) == std::string::npos && HearMore()) {
    }
    const size_t place = heard_.find(end);
    const size_t size = place == std::string::npos ? heard_.size() : place + end.size();
    const std::string text = heard_.substr(0, size);
    heard_.erase(0, size);
    return text;
  }
  std::string HearAll() {
    while (HearMore()) {
    }
    return std::exchange(heard_, {});
  }
  // The server has ended the connection, and said nothing more.
  bool HearsTheEnd() { return HearAll().empty() && ended_; }
  void HangUp() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  void Connect(int family, const sockaddr* address, socklen_t size) {
    fd_ = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    IK_CHECK(connect(fd_, address, size) == 0);
  }
  bool HearMore() {
    char bytes[4096];
    const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
    if (size > 0) heard_.append(bytes, static_cast<size_t>(size));
    ended_ = ended_ || size == 0 || (size < 0 && errno == ECONNRESET);
    return size > 0;
  }

  int fd_ = -1;
  std::string heard_;
  bool ended_ = false;
};

}  // namespace innkeeper
