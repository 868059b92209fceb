#pragma once

#include <functional>
#include <memory>
#include <string>

#include "coordinator/ipa/dispatcher.h"
#include "coordinator/ipa/servers.h"
#include "coordinator/ipa/session.h"

namespace innkeeper {

// One FreeIPA server: its connections, its login, its queue.
class IpaServer {
 public:
  // What LoginParts points to outlives the server.
  IpaServer(const ServerAddress& address, std::unique_ptr<HttpClient> http, LoginParts login)
      : http_(std::move(http)),
        session_(address.name, address.addresses.empty() ? address.name : address.addresses.front(),
                 *http_, login),
        dispatcher_(session_, *login.metrics) {}

  IpaDispatcher& dispatcher() { return dispatcher_; }

 private:
  const std::unique_ptr<HttpClient> http_;
  IpaSession session_;
  IpaDispatcher dispatcher_;
};

// Connects nothing yet. INVALID_ARGUMENT: bad CA.
using IpaServerFactory =
    std::function<absl::StatusOr<std::unique_ptr<IpaServer>>(const ServerAddress& address)>;

}  // namespace innkeeper
