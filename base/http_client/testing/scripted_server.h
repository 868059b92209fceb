#pragma once
// A server on a unix socket that says what it was told to, right or wrong: for tests of what a
// client makes of broken connections and hostile answers.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"
#include "base/testing/temp_dir.h"

namespace innkeeper {

class ScriptedServer {
 public:
  // What one connection does: each step waits for a request's head, then says its text. An empty
  // text says nothing. After the last step the connection closes, or is held until the server goes.
  struct Script {
    std::vector<std::string> steps;
    bool hold = false;
  };

  explicit ScriptedServer(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    IK_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    IK_CHECK(listen(listener_, 8) == 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { Serve(stop); });
  }
  ~ScriptedServer() {
    thread_.request_stop();
    shutdown(listener_, SHUT_RDWR);  // wakes accept
    open_.With([](std::vector<int>& open) {
      for (const int fd : open) shutdown(fd, SHUT_RDWR);
    });
    thread_.join();
    open_.With([](std::vector<int>& open) {
      for (const int fd : open) close(fd);
    });
    close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string path() const { return dir_.File("server.sock"); }
  // The heads that came, over all connections, in order.
  std::vector<std::string> heads() {
    std::scoped_lock lock(mutex_);
    return heads_;
  }
  // Waits until that many have come.
  void AwaitHeads(size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return heads_.size() >= count; });
  }

 private:
  void Serve(const std::stop_token& stop) {
    for (const Script& script : scripts_) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0 || stop.stop_requested()) return;
      open_.With([fd](std::vector<int>& open) { open.push_back(fd); });
      for (const std::string& step : script.steps) {
        if (!ReadHead(fd)) break;
        send(fd, step.data(), step.size(), MSG_NOSIGNAL);
      }
      if (!script.hold) shutdown(fd, SHUT_RDWR);
    }
  }

  bool ReadHead(int fd) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n")) {
      if (read(fd, &byte, 1) != 1) return false;
      head += byte;
    }
    {
      std::scoped_lock lock(mutex_);
      heads_.push_back(head);
    }
    came_.notify_all();
    return true;
  }

  const TempDir dir_;
  const std::vector<Script> scripts_;
  int listener_ = -1;
  Guarded<std::vector<int>> open_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> heads_;
  std::jthread thread_;
};

}  // namespace innkeeper
