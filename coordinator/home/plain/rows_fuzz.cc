// The decoders of the database's columns: whatever they accept, they write back the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "coordinator/guests/operation_record.h"
#include "coordinator/home/plain/rows.h"

namespace {

template <class Decode, class Encode>
void RoundTrip(const std::string& json, Decode decode, Encode encode) {
  const auto value = decode(json);
  if (!value.ok()) return;
  const std::string text = encode(*value);
  const auto again = decode(text);
  if (!again.ok() || encode(*again) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace innkeeper;
  const std::string json(reinterpret_cast<const char*>(data), size);
  RoundTrip(json, DecodeSpec, EncodeSpec);
  RoundTrip(json, DecodeStatus, EncodeStatus);
  RoundTrip(json, DecodePlacement, EncodePlacement);
  RoundTrip(json, DecodeOperation, EncodeOperation);
  return 0;
}
