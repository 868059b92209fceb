#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/guest_result.h"
#include "base/text.h"

// Whatever a guest prints: no crash, and what comes out is clean.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string output(reinterpret_cast<const char*>(bytes), size);
  const auto outcome = innkeeper::DecodeScriptOutcome(output);
  if (outcome.ok() && !innkeeper::IsUtf8(outcome->detail)) std::abort();
  const auto verification = innkeeper::DecodeVerification(output);
  if (verification.ok() && !innkeeper::IsUtf8(verification->proof.principal())) std::abort();
  return 0;
}
