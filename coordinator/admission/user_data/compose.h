#pragma once
// A part of ours beside the user's own user-data, whose text stays as it is to the byte: one MIME
// message of multipart/mixed that cloud-init takes apart again. Pure.
//
//   the user's            is embedded as
//   a form by first bytes text/plain, base64: cloud-init then looks at the first bytes as before
//   MIME                  a child with its own header and body: it would not look for one inside
//   gzip of either        the same, unpacked here: in a part of type application/gzip cloud-init
//                         spoils letters outside ASCII, and does not look for MIME
//   nothing               not at all: our part alone
//
// The user's part stands first: cloud-init numbers parts without a file name, and those numbers are
// the names of the user's scripts in the guest. Ours is a cloud-boothook: it runs at every boot.

#include <string>
#include <string_view>

#include "base/status.h"
#include "coordinator/admission/user_data/form.h"

namespace innkeeper {

struct ComposedUserData {
  UserDataForm form = UserDataForm::kNone;  // of the user's
  // What to hand to the guest: with our part, or the user's bytes alone when their form is left
  // alone. The same input always gives the same bytes.
  std::string bytes;
};
// `hook` begins with "#cloud-boothook".
ComposedUserData Compose(std::string_view user, std::string_view hook);

struct TakenApart {
  std::string user;  // empty: there was none; unpacked, if it was gzip
  std::string hook;
};
// INVALID_ARGUMENT: not made by Compose with a part of ours.
absl::StatusOr<TakenApart> TakeApart(std::string_view composed);

}  // namespace innkeeper
