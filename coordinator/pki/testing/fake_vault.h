#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

// In memory, with the real one's semantics: versions rise with each write and are never used twice,
// also not by an entry that was removed and made again. Thread-safe.
class FakeVault final : public Vault {
 public:
  absl::StatusOr<VaultEntry> Read(const std::string& name, const Call&) override {
    return state_.With([&](State& s) -> absl::StatusOr<VaultEntry> {
      if (!s.outage.ok()) return s.outage;
      const auto found = s.entries.find(name);
      if (found == s.entries.end()) return absl::NotFoundError(name);
      return VaultEntry{Secret(found->second.first), found->second.second};
    });
  }

  absl::StatusOr<int64_t> Write(const std::string& name, const Secret& bytes, int64_t version,
                                const Call&) override {
    return state_.With([&](State& s) -> absl::StatusOr<int64_t> {
      if (!s.outage.ok()) return s.outage;
      if (VersionOf(s, name) != version) return absl::AbortedError("not the newest: " + name);
      s.entries[name] = {std::string(bytes.Reveal()), ++s.version};
      return s.version;
    });
  }

  absl::Status Remove(const std::string& name, int64_t version, const Call&) override {
    return state_.With([&](State& s) -> absl::Status {
      if (!s.outage.ok()) return s.outage;
      if (!s.entries.contains(name)) return absl::NotFoundError(name);
      if (VersionOf(s, name) != version) return absl::AbortedError("not the newest: " + name);
      s.entries.erase(name);
      return absl::OkStatus();
    });
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix, const Call&) override {
    return state_.With([&](State& s) -> absl::StatusOr<std::vector<std::string>> {
      if (!s.outage.ok()) return s.outage;
      std::vector<std::string> names;
      for (const auto& [name, entry] : s.entries) {
        if (name.rfind(prefix, 0) == 0) names.push_back(name);
      }
      return names;
    });
  }

  void Fail(absl::Status outage) {
    state_.With([&](State& s) { s.outage = std::move(outage); });
  }
  // All that is stored, for looking for what must not be there.
  std::string Everything() {
    return state_.With([](State& s) {
      std::string all;
      for (const auto& [name, entry] : s.entries) all += name + "=" + entry.first + "\n";
      return all;
    });
  }

 private:
  struct State {
    std::map<std::string, std::pair<std::string, int64_t>> entries;
    int64_t version = 0;
    absl::Status outage;
  };
  static int64_t VersionOf(const State& s, const std::string& name) {
    const auto found = s.entries.find(name);
    return found == s.entries.end() ? 0 : found->second.second;
  }
  Guarded<State> state_;
};

}  // namespace innkeeper
