#include "coordinator/kube/testing/connect_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"

namespace innkeeper {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// "CONNECT 127.0.0.1:6443 HTTP/1.1": the port; 0 for anything else.
uint16_t ReadConnect(int client) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n")) {
    if (head.size() > 8192 || read(client, &byte, 1) != 1) return 0;
    head += byte;
  }
  const size_t colon = head.find(':');
  if (!head.starts_with("CONNECT ") || colon == std::string::npos) return 0;
  return static_cast<uint16_t>(std::strtoul(head.c_str() + colon + 1, nullptr, 10));
}

// One piece from one side to the other. False at the end.
bool Pump(int from, int to) {
  char bytes[16 * 1024];
  const ssize_t size = recv(from, bytes, sizeof bytes, 0);
  for (ssize_t done = 0; done < size;) {
    const ssize_t sent = send(to, bytes + done, static_cast<size_t>(size - done), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += sent;
  }
  return size > 0;
}

void PumpBoth(int left, int right) {
  pollfd both[] = {{left, POLLIN, 0}, {right, POLLIN, 0}};
  while (poll(both, 2, -1) > 0) {
    if (both[0].revents != 0 && !Pump(left, right)) return;
    if (both[1].revents != 0 && !Pump(right, left)) return;
  }
}

}  // namespace

ConnectProxy::ConnectProxy() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  IK_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  IK_CHECK(listen(listener_, 64) == 0);
  IK_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { Accept(); });
}

ConnectProxy::~ConnectProxy() {
  shutdown(listener_, SHUT_RDWR);  // wakes accept
  acceptor_.join();
  Cut();
  relays_.clear();
  close(listener_);
}

void ConnectProxy::Accept() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    state_.With([&](State& s) {
      s.open.push_back(client);
      ++s.connections;
    });
    relays_.emplace_back([this, client] { Relay(client); });
  }
}

void ConnectProxy::Relay(int client) {
  const uint16_t port = ReadConnect(client);
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  state_.With([&](State& s) { s.open.push_back(server); });
  if (port != 0 &&
      connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    constexpr char kYes[] = "HTTP/1.1 200 OK\r\n\r\n";
    send(client, kYes, sizeof kYes - 1, MSG_NOSIGNAL);
    PumpBoth(client, server);
  }
  for (const int descriptor : {client, server}) Forget(descriptor);
}

void ConnectProxy::Forget(int descriptor) {
  state_.With([&](State& s) {
    std::erase(s.open, descriptor);
    close(descriptor);
  });
}

void ConnectProxy::Cut() {
  state_.With([](State& s) {
    for (const int descriptor : s.open) shutdown(descriptor, SHUT_RDWR);
  });
}

int ConnectProxy::Connections() {
  return state_.With([](State& s) { return s.connections; });
}

}  // namespace innkeeper
