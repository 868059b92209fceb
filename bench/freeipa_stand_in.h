#pragma once
// A FreeIPA server that knows the hosts it was told to add and nothing else, and can be told to
// hang: every answer then comes only after a time. Listens on this machine alone, on port 443 of an
// address that is nobody else's.

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/http_server/http_server.h"
#include "base/testing/test_pki.h"
#include "coordinator/ipa/testing/scripted_ipa.h"

namespace innkeeper {

class FreeIpaStandIn {
 public:
  static constexpr char kDomain[] = "bench.test";
  static constexpr char kServer[] = "ipa.bench.test";
  static constexpr char kAddress[] = "127.0.0.44";

  static absl::StatusOr<std::unique_ptr<FreeIpaStandIn>> Start();
  ~FreeIpaStandIn();

  // From now on each answer takes so long; zero: none does. Any thread.
  void Hang(Duration time) { hang_ = time; }
  // Requests that wait for an answer now.
  int Waiting() const { return waiting_; }
  int Answered() const { return answered_; }
  size_t Hosts() const {
    return hosts_.With([](const auto& hosts) { return hosts.size(); });
  }
  const std::string& ca() const { return authority_.certificate(); }

 private:
  FreeIpaStandIn()
      : script_([this](const auto& method, const auto& params) { return Answer(method, params); }) {
  }
  HttpServerReply Serve(const HttpServerRequest& request, const Call& call);
  ScriptedIpa::Result Answer(const std::string& method, const std::string& params);

  const TestAuthority authority_;
  ScriptedIpa script_;
  std::atomic<Duration> hang_ = Duration::zero();
  std::atomic<int> waiting_ = 0, answered_ = 0;
  mutable Guarded<std::map<std::string, std::string>> hosts_;  // FQDN: ownership tag
  std::unique_ptr<HttpServer> server_;
};

}  // namespace innkeeper
