#include "coordinator/guests/ids.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "absl/strings/ascii.h"

namespace innkeeper {
namespace {

constexpr size_t kLongestKeyPart = 255;  // bytes; libvirt names and Kubernetes names fit
constexpr size_t kLongestLabel = 63;     // bytes; RFC 1035, 2.3.4
constexpr std::string_view kTagPrefix = "innkeeper:";
constexpr std::string_view kDeleting = "deleting:";

bool HasControlByte(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool IsAlnumOrDash(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
}

bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsAlnumOrDash);
}

absl::Status CheckKeyPart(const std::string& part, const char* what) {
  if (part.empty()) return absl::InvalidArgumentError(std::string(what) + " is empty");
  if (part.size() > kLongestKeyPart)
    return absl::InvalidArgumentError(std::string(what) + " is over 255 bytes long");
  if (HasControlByte(part))
    return absl::InvalidArgumentError(std::string(what) + " contains a control character");
  return absl::OkStatus();
}

absl::Status CheckLabel(std::string_view label, const std::string& name) {
  const std::string of = " in '" + name + "'";
  if (label.empty()) return absl::InvalidArgumentError("empty label" + of);
  if (label.size() > kLongestLabel)
    return absl::InvalidArgumentError("a label is over 63 characters long" + of);
  if (!IsWord(label))
    return absl::InvalidArgumentError("only letters, digits and '-' are allowed" + of);
  if (label.front() == '-' || label.back() == '-')
    return absl::InvalidArgumentError("a label starts or ends with '-'" + of);
  return absl::OkStatus();
}

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// Cuts "<word>" after the last ':' off `text`.
std::optional<std::string> CutLastWord(std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string word = text.substr(colon + 1);
  if (!IsWord(word)) return std::nullopt;
  text.resize(colon);
  return word;
}

}  // namespace

absl::StatusOr<GuestKey> ParseGuestKey(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos)
    return absl::InvalidArgumentError("not of the form namespace/name: '" + text + "'");
  GuestKey key{text.substr(0, slash), text.substr(slash + 1)};
  RETURN_IF_ERROR(CheckKeyPart(key.space, "the namespace"));
  RETURN_IF_ERROR(CheckKeyPart(key.name, "the name"));
  if (key.name.find('/') != std::string::npos)
    return absl::InvalidArgumentError("more than one '/' in '" + text + "'");
  if (key.space.find(':') != std::string::npos)
    return absl::InvalidArgumentError("':' in the namespace of '" + text + "'");
  return key;
}

absl::StatusOr<Fqdn> ParseFqdn(const std::string& text, size_t longest) {
  if (text.size() > longest) {
    return absl::InvalidArgumentError("'" + text.substr(0, longest) + "...' is " +
                                      std::to_string(text.size()) + " characters long, at most " +
                                      std::to_string(longest) + " are allowed");
  }
  size_t labels = 0;
  std::string_view label;
  for (size_t start = 0; start <= text.size(); start += label.size() + 1, ++labels) {
    label = std::string_view(text).substr(start);
    label = label.substr(0, label.find('.'));
    RETURN_IF_ERROR(CheckLabel(label, text));
  }
  if (labels < 2) return absl::InvalidArgumentError("not fully qualified: '" + text + "'");
  if (AllDigits(label)) return absl::InvalidArgumentError("an address, not a name: '" + text + "'");
  return Fqdn{absl::AsciiStrToLower(text)};
}

std::string OwnerTag::Text() const {
  std::string text = std::string(kTagPrefix) + cluster.text + ":";
  if (deleting_term) text += kDeleting;
  text += guest.Text() + ":" + uid.text;
  if (deleting_term) text += ":" + *deleting_term;
  return text;
}

std::optional<OwnerTag> ParseOwnerTag(const std::string& text) {
  if (text.compare(0, kTagPrefix.size(), kTagPrefix) != 0) return std::nullopt;
  std::string rest = text.substr(kTagPrefix.size());
  OwnerTag tag;
  const size_t colon = rest.find(':');
  if (colon == std::string::npos) return std::nullopt;
  tag.cluster.text = rest.substr(0, colon);
  if (!IsWord(tag.cluster.text)) return std::nullopt;
  rest.erase(0, colon + 1);
  // A namespace has no ':', so this word cannot begin the other form.
  if (rest.compare(0, kDeleting.size(), kDeleting) == 0) {
    rest.erase(0, kDeleting.size());
    tag.deleting_term = CutLastWord(rest);
    if (!tag.deleting_term) return std::nullopt;
  }
  const std::optional<std::string> uid = CutLastWord(rest);
  if (!uid) return std::nullopt;
  tag.uid.text = *uid;
  absl::StatusOr<GuestKey> key = ParseGuestKey(rest);
  if (!key.ok()) return std::nullopt;
  tag.guest = *std::move(key);
  return tag;
}

absl::Status CheckReadable(const OwnerTag& tag) {
  if (ParseOwnerTag(tag.Text()) == tag) return absl::OkStatus();
  return absl::InternalError("an ownership tag could not be read back: '" + tag.Text() + "'");
}

bool LooksLikeOwnerTag(const std::string& text) {
  std::string folded;
  for (const unsigned char c : text) {
    if (c < 0x20 || c >= 0x7f) return true;
    if (c != ' ') folded += static_cast<char>(absl::ascii_tolower(c));
  }
  return folded.compare(0, kTagPrefix.size(), kTagPrefix) == 0;
}

}  // namespace innkeeper
