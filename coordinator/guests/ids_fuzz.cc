// The parsers of names: what they accept is what they print.
#include <cstdint>
#include <cstdlib>

#include "coordinator/guests/ids.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace innkeeper;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const std::optional<OwnerTag> tag = ParseOwnerTag(text)) {
    if (tag->Text() != text || !LooksLikeOwnerTag("innkeeper:" + tag->cluster.text)) std::abort();
  }
  if (const absl::StatusOr<GuestKey> key = ParseGuestKey(text); key.ok()) {
    if (key->Text() != text) std::abort();
    const OwnerTag tag{{"c1"}, *key, {"u1"}, "t1"};
    if (ParseOwnerTag(tag.Text()) != tag) std::abort();
  }
  if (const absl::StatusOr<Fqdn> fqdn = ParseFqdn(text); fqdn.ok()) {
    if (fqdn->text.size() > 64 || ParseFqdn(fqdn->text)->text != fqdn->text) std::abort();
  }
  return 0;
}
