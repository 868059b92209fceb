// Lists and watches of a hostile server. The first byte says how the rest is cut into pieces: the
// events must not depend on it.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "coordinator/kube/kube_decode.h"

namespace innkeeper {
namespace {

struct Outcome {
  absl::StatusCode code;
  std::string seen;
  bool operator==(const Outcome&) const = default;
};

// Read for its own sake.
volatile char padding;

Outcome Watched(const std::string& text, size_t piece) {
  Outcome outcome{absl::StatusCode::kOk, ""};
  const KubeSink sink = [&](KubeChange change, std::string_view object) {
    outcome.seen += std::to_string(static_cast<int>(change));
    outcome.seen += object;
    padding = object.data()[object.size() + 63];  // it must be readable
    return absl::OkStatus();
  };
  WatchDecoder decoder(sink, 4096);
  absl::Status status;
  for (size_t at = 0; status.ok() && at < text.size(); at += piece)
    status = decoder.Feed(text.data() + at, std::min(piece, text.size() - at));
  if (status.ok()) status = decoder.End();
  outcome.code = status.code();
  return outcome;
}

}  // namespace
}  // namespace innkeeper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const size_t piece = 1 + bytes[0];
  if (!(innkeeper::Watched(text, piece) == innkeeper::Watched(text, text.size() + 1))) std::abort();
  size_t total = 0;
  const auto page =
      innkeeper::DecodePage(text, [&](innkeeper::KubeChange, std::string_view object) {
        total += object.size();
        return absl::OkStatus();
      });
  if (total > text.size()) std::abort();
  return 0;
}
