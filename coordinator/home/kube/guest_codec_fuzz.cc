// The decoder of Guests: whatever makes sense to it, it writes back the same.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "coordinator/home/kube/guest_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace innkeeper;
  const auto decoded = DecodeGuest({reinterpret_cast<const char*>(data), size});
  if (!decoded.ok() || !decoded->flaw.ok()) return 0;
  const Guest& guest = decoded->guest;
  auto object = nlohmann::json::parse(
      EncodeNewGuest(guest, GuestOwner{"VirtualMachine", guest.key.name, guest.uid}));
  object["metadata"]["resourceVersion"] = std::to_string(guest.version);
  object["status"] = nlohmann::json::parse(EncodeStatus(guest.status, decoded->generation));
  const auto again = DecodeGuest(object.dump());
  if (!again.ok() || !again->flaw.ok()) std::abort();
  if (again->guest.spec != guest.spec) std::abort();
  // What the first writing cut stays as it is.
  if (EncodeStatus(again->guest.status, 1) != EncodeStatus(guest.status, 1)) std::abort();
  return 0;
}
