#pragma once
// A DNS server on loopback, UDP and TCP on one free port, whose replies a function gives, byte for
// byte.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"

namespace innkeeper {

struct DnsQuestion {
  uint16_t id = 0;
  bool tcp = false;
};

class DnsServer {
 public:
  // The messages to send, in order; none: silence.
  using Handler = std::function<std::vector<std::string>(const DnsQuestion&)>;

  explicit DnsServer(Handler handler) : handler_(std::move(handler)) {
    // The port that UDP got is nearly always free for TCP too; else the next try.
    for (int i = 0; i < 50 && !Bind(); ++i) {
      close(udp_);
      close(tcp_);
    }
    IK_CHECK(listen(tcp_, 8) == 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { Serve(stop); });
  }
  ~DnsServer() {
    thread_.request_stop();
    thread_.join();
    close(udp_);
    close(tcp_);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int udp_questions() const { return by_udp_; }
  int tcp_questions() const { return by_tcp_; }

 private:
  static constexpr int kLookAroundMs = 20;

  bool Bind() {
    udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    IK_CHECK(bind(udp_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    getsockname(udp_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    return bind(tcp_, reinterpret_cast<sockaddr*>(&address), size) == 0;
  }

  void Serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd ready[] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      poll(ready, 2, kLookAroundMs);
      if (ready[0].revents & POLLIN) AnswerUdp();
      if (ready[1].revents & POLLIN) AnswerTcp();
    }
  }

  static DnsQuestion Read(const std::string& bytes, bool tcp) {
    IK_CHECK(bytes.size() > 2);
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
    return {static_cast<uint16_t>(byte(0) << 8 | byte(1)), tcp};
  }

  void AnswerUdp() {
    std::string bytes(512, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        recvfrom(udp_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 2) return;
    ++by_udp_;
    for (const std::string& reply : handler_(Read(bytes, false)))
      sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }

  void AnswerTcp() {
    const int fd = accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    std::string bytes(514, '\0');  // its length in two bytes, then the question
    const ssize_t got = recv(fd, bytes.data(), bytes.size(), 0);
    if (got > 4) {
      ++by_tcp_;
      for (const std::string& reply : handler_(Read(bytes.substr(2), true))) {
        const std::string framed = std::string{static_cast<char>(reply.size() >> 8),
                                               static_cast<char>(reply.size() & 0xff)} +
                                   reply;
        send(fd, framed.data(), framed.size(), MSG_NOSIGNAL);
      }
      // Until the client has read it and closed.
      static_cast<void>(recv(fd, bytes.data(), bytes.size(), 0));
    }
    close(fd);
  }

  const Handler handler_;
  int udp_ = -1, tcp_ = -1, port_ = 0;
  std::atomic<int> by_udp_ = 0, by_tcp_ = 0;
  std::jthread thread_;
};

}  // namespace innkeeper
