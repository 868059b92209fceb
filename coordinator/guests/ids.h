#pragma once
// The names of things, each a type of its own. All are plain values; Parse functions refuse what
// would not survive a round trip.

#include <compare>
#include <optional>
#include <string>

#include "base/status.h"

namespace innkeeper {

// "namespace/name": how people and logs name a guest. On plain hosts the namespace comes from the
// join token of the host, the name is the domain's.
struct GuestKey {
  std::string space;
  std::string name;
  std::string Text() const { return space + "/" + name; }
  auto operator<=>(const GuestKey&) const = default;
};
// INVALID_ARGUMENT unless "namespace/name", both non-empty and at most 255 bytes, without further
// slashes or control bytes, and the namespace without ':' (it would not survive in an ownership
// tag).
absl::StatusOr<GuestKey> ParseGuestKey(const std::string& text);

// The VM's own identity: a domain UUID in lower case. Stays over restart, rename and migration.
struct VmUid {
  std::string text;
  auto operator<=>(const VmUid&) const = default;
};

// A node as its certificate names it.
struct NodeName {
  std::string text;
  auto operator<=>(const NodeName&) const = default;
};

// A fully qualified host name: lower case, no final dot, valid as an IPA host.
struct Fqdn {
  std::string text;
  auto operator<=>(const Fqdn&) const = default;
};
// Lower-cases and checks: at least two labels of letters, digits and '-', no label over 63, none
// that starts or ends with '-', the last one not all digits (an address), all of it at most
// `longest` bytes (ipamaxhostnamelength, 64 by default). IDN input is refused: IPA wants the xn--
// form. INVALID_ARGUMENT says which rule was broken.
absl::StatusOr<Fqdn> ParseFqdn(const std::string& text, size_t longest = 64);

// A cluster of ours: letters, digits, '-'.
struct ClusterId {
  std::string text;
  auto operator<=>(const ClusterId&) const = default;
};

// The ownership mark in a host's `userclass`:
//   innkeeper:<cluster>:<namespace>/<name>:<uid>                 ours
//   innkeeper:<cluster>:deleting:<namespace>/<name>:<uid>:<term> ours, about to be deleted by that
//   term
struct OwnerTag {
  ClusterId cluster;
  GuestKey guest;
  VmUid uid;
  std::optional<std::string> deleting_term;
  std::string Text() const;
  auto operator<=>(const OwnerTag&) const = default;
};
// Nothing unless it has exactly one of the two forms.
std::optional<OwnerTag> ParseOwnerTag(const std::string& text);
// OK when it reads back from its text as it is. INTERNAL: it must not be written, for nobody would
// know it again: an id or term is not of letters, digits and '-'.
absl::Status CheckReadable(const OwnerTag& tag);
// True for any value FreeIPA might take for one of ours: LDAP compares userclass without regard to
// case and to spaces around, and folds characters outside ASCII. Such a value from a tenant is
// refused.
bool LooksLikeOwnerTag(const std::string& text);

}  // namespace innkeeper
