#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "coordinator/ipa/servers.h"

namespace innkeeper {

// A fixed list; a server that failed moves to the end until it works again. Thread-safe.
class FakeServerList final : public ServerList {
 public:
  explicit FakeServerList(std::vector<std::string> names) : state_(State{std::move(names), {}}) {}

  absl::StatusOr<std::vector<ServerAddress>> Order(const Call&) override {
    return state_.With([](State& s) -> absl::StatusOr<std::vector<ServerAddress>> {
      if (s.names.empty()) return absl::UnavailableError("no FreeIPA server is known");
      std::vector<ServerAddress> order;
      for (const bool failed : {false, true}) {
        for (const std::string& name : s.names) {
          if ((s.failures[name] > 0) == failed) order.push_back({name, {}});
        }
      }
      return order;
    });
  }
  void ReportSuccess(const std::string& name) override {
    state_.With([&](State& s) { s.failures[name] = 0; });
  }
  void ReportFailure(const std::string& name) override {
    state_.With([&](State& s) { ++s.failures[name]; });
  }
  int failures(const std::string& name) {
    return state_.With([&](State& s) { return s.failures[name]; });
  }

 private:
  struct State {
    std::vector<std::string> names;
    std::map<std::string, int> failures;
  };
  Guarded<State> state_;
};

}  // namespace innkeeper
