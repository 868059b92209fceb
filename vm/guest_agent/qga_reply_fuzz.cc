// Every reply decoder on the same bytes: none may crash, hang or allocate beyond the caps.

#include <cstdint>
#include <string>

#include "vm/guest_agent/agent_failure.h"
#include "vm/guest_agent/qga_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace innkeeper;
  const std::string reply(reinterpret_cast<const char*>(bytes), size);
  (void)DecodeInventory(reply);
  (void)DecodeFrozen(reply);
  (void)DecodeNothing(reply);
  (void)DecodeOs(reply);
  (void)DecodeHostName(reply);
  (void)DecodeAddresses(reply);
  (void)DecodeTime(reply);
  (void)DecodePid(reply);
  (void)DecodeExit(reply);
  (void)DecodeHandle(reply);
  (void)DecodeChunk(reply, kReadChunk);
  (void)DecodePosition(reply);
  (void)ClassifyAgentText(reply);
  return 0;
}
