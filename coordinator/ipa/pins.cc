#include "coordinator/ipa/pins.h"

namespace innkeeper {

std::optional<std::string> WritePins::Find(const std::string& host) {
  return places_.With([&](auto& places) -> std::optional<std::string> {
    const auto at = places.find(host);
    if (at == places.end()) return std::nullopt;
    if (clock_.Monotonic() < at->second.until) return at->second.server;
    places.erase(at);
    return std::nullopt;
  });
}

void WritePins::Pin(const std::string& host, const std::string& server) {
  places_.With([&](auto& places) {
    const MonotonicTime now = clock_.Monotonic();
    std::erase_if(places, [&](const auto& entry) { return entry.second.until <= now; });
    places.insert_or_assign(host, Place{server, now + kHold});
  });
}

void WritePins::Release(const std::string& host) {
  places_.With([&](auto& places) { places.erase(host); });
}

}  // namespace innkeeper
