#pragma once
// /livez says whether our own loop turns, /readyz whether the parts we need answer. Neither asks a
// backend at request time: each part reports its last known state.

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/http_server/http_server.h"
#include "base/status.h"

namespace innkeeper {

enum class Need { kRequired, kInformative };  // informative: shown, does not make us unready

class Health {
 public:
  // `state` is called on request threads; quick, never blocks.
  void Add(const std::string& name, Need need, std::function<absl::Status()> state);
  // The loop calls Beat at least every `limit`; livez fails when it has not.
  explicit Health(const Clock& clock, Duration limit = std::chrono::seconds(30));
  void Beat();
  bool Alive() const;

  // GET /livez, /readyz (?verbose lists each part, a line each) and /healthz on `server`, which
  // must not outlive this object.
  void RouteOn(HttpServer& server);

 private:
  struct Part {
    std::string name;
    Need need;
    std::function<absl::Status()> state;
  };
  HttpServerReply Ready(const HttpServerRequest& request) const;
  const Clock& clock_;
  const Duration limit_;
  mutable Guarded<std::vector<Part>> parts_;
  mutable Guarded<MonotonicTime> beat_;
};

}  // namespace innkeeper
