// Whatever the user's bytes are: composing ends, repeats itself, and can be undone.
#include <cstdint>
#include <cstdlib>

#include "coordinator/admission/user_data/compose.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace innkeeper;
  const std::string_view user(reinterpret_cast<const char*>(data), size);
  const std::string hook = "#cloud-boothook\n#!/bin/sh\n";
  const ComposedUserData composed = Compose(user, hook);
  const absl::StatusOr<TakenApart> apart = TakeApart(composed.bytes);
  if (!IsComposable(composed.form)) {
    if (composed.bytes != user) std::abort();
    return 0;
  }
  if (!apart.ok() || apart->hook != hook) std::abort();
  const UserDataShape shape = Recognise(user);
  const std::string_view whole = shape.gzip ? std::string_view(shape.unpacked) : user;
  if (apart->user != (shape.form == UserDataForm::kNone ? "" : whole)) std::abort();
  return 0;
}
