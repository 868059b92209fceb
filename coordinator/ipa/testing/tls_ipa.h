#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/http_client/testing/tls_server.h"
#include "coordinator/ipa/testing/scripted_ipa.h"

namespace innkeeper {

inline constexpr char kJson[] = "/session/json";
inline constexpr char kLogin[] = "/session/login_password";

inline std::string Bytes(const HttpReply& reply) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " x\r\n";
  for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
  return text + "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
}

// One FreeIPA server behind TLS. `fault`, when set, answers what it likes.
class TlsIpa {
 public:
  using Fault = std::function<std::optional<TlsServer::Answer>(const HttpRequest&)>;

  TlsIpa(const KeyPair& pair, ScriptedIpa::Command command)
      : script_(std::move(command)), server_(pair, [this](const HttpRequest& r) {
          if (r.url.ends_with(kJson)) ++commands_;
          bodies_.With([&](auto& bodies) { bodies.push_back(r.body); });
          const Fault fault = fault_.With([](Fault& f) { return f; });
          if (fault) {
            if (auto answer = fault(r)) return *answer;
          }
          return TlsServer::Answer{
              Bytes(*script_.answer()(r, Call::Within(std::chrono::seconds(20))))};
        }) {}

  // What becomes of requests to that path, `times` of them.
  void Do(const std::string& path, TlsServer::Answer answer, int times = 1'000'000) {
    auto left = std::make_shared<std::atomic<int>>(times);
    fault_.With([&](Fault& fault) {
      fault = [path, answer = std::move(answer),
               left](const HttpRequest& r) -> std::optional<TlsServer::Answer> {
        if (!r.url.ends_with(path) || (*left)-- <= 0) return std::nullopt;
        return answer;
      };
    });
  }
  ScriptedIpa& script() { return script_; }
  TlsServer& server() { return server_; }
  int commands() const { return commands_; }  // requests of /session/json
  std::vector<std::string> bodies() {
    return bodies_.With([](auto& bodies) { return bodies; });
  }

 private:
  ScriptedIpa script_;
  Guarded<Fault> fault_;
  Guarded<std::vector<std::string>> bodies_;
  std::atomic<int> commands_ = 0;
  TlsServer server_;
};

}  // namespace innkeeper
