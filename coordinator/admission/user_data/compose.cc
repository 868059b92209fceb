#include "coordinator/admission/user_data/compose.h"

#include <openssl/sha.h>

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"

namespace innkeeper {
namespace {

constexpr char kPreamble[] = "Content-Type: multipart/mixed; boundary=\"";
constexpr char kPreambleEnd[] = "\"\nMIME-Version: 1.0\n\n";
constexpr char kPlain[] = "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n";
constexpr char kOurs[] =
    "Content-Type: text/cloud-boothook\nContent-Transfer-Encoding: base64\n"
    "Content-Disposition: attachment; filename=\"innkeeper\"\n\n";
constexpr size_t kLine = 76;           // characters of base64 in a line (RFC 2045, 6.8)
constexpr size_t kBoundary = 10 + 32;  // "innkeeper-" and hexadecimal digits

std::string Base64Lines(std::string_view bytes) {
  const std::string flat = absl::Base64Escape({bytes.data(), bytes.size()});
  std::string lines;
  for (size_t at = 0; at < flat.size(); at += kLine) lines.append(flat, at, kLine) += '\n';
  return lines;
}

std::string Digest(const std::string& text) {
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum);
  return absl::BytesToHexString({reinterpret_cast<const char*>(sum), kBoundary / 2 - 5});
}

// Made from what it must not occur in: nobody can write a text that holds its own digest.
std::string BoundaryFor(const std::string& body) {
  std::string boundary = "innkeeper-" + Digest(body);
  while (body.find(boundary) != std::string::npos) boundary = "innkeeper-" + Digest(boundary);
  return boundary;
}

// A MIME entity: header and body, without the line end that belongs to the boundary behind it.
std::string EntityOf(const std::string& user, UserDataForm form) {
  return form == UserDataForm::kMime ? user : kPlain + Base64Lines(user);
}

std::string DecodeEntity(std::string_view entity, std::string_view header) {
  std::string text;
  const std::string_view body = entity.substr(header.size());
  absl::Base64Unescape({body.data(), body.size()}, &text);
  return text;
}

// What may have been the user's bytes; a MIME message may look as if we had wrapped it.
std::vector<std::string> Candidates(std::string_view entity) {
  std::vector<std::string> candidates = {std::string(entity)};
  if (entity.starts_with(kPlain)) candidates.push_back(DecodeEntity(entity, kPlain));
  return candidates;
}

}  // namespace

ComposedUserData Compose(std::string_view user, std::string_view hook) {
  const UserDataShape shape = Recognise(user);
  if (!IsComposable(shape.form)) return {shape.form, std::string(user)};
  std::string entity;
  if (shape.form != UserDataForm::kNone) {
    entity = EntityOf(shape.gzip ? shape.unpacked : std::string(user), shape.form);
  }
  const std::string ours = kOurs + Base64Lines(hook);
  const std::string separator = "--" + BoundaryFor(entity + ours);
  std::string bytes = kPreamble + separator.substr(2) + kPreambleEnd;
  if (shape.form != UserDataForm::kNone) bytes += separator + "\n" + entity + "\n";
  bytes += separator + "\n" + ours + "\n" + separator + "--\n";
  return {shape.form, std::move(bytes)};
}

absl::StatusOr<TakenApart> TakeApart(std::string_view composed) {
  const absl::Status foreign = absl::InvalidArgumentError("not user-data that we composed");
  const std::string_view preamble = kPreamble;
  const size_t begin = preamble.size() + kBoundary + std::string_view(kPreambleEnd).size();
  if (!composed.starts_with(preamble) || composed.size() < begin) return foreign;
  const std::string separator = "--" + std::string(composed.substr(preamble.size(), kBoundary));
  const std::string head = separator + "\n", end = "\n" + separator + "--\n";
  const size_t last = composed.rfind(head + kOurs);
  if (last == std::string_view::npos || last < begin || !composed.ends_with(end)) return foreign;

  const std::string_view ours = composed.substr(last + head.size());
  if (ours.size() < end.size()) return foreign;
  const std::string hook = DecodeEntity(ours.substr(0, ours.size() - end.size()), kOurs);
  std::string_view users = composed.substr(begin, last - begin);
  std::vector<std::string> candidates = {""};
  if (users.size() > head.size()) {
    users.remove_prefix(head.size());
    users.remove_suffix(1);
    candidates = Candidates(users);
  }
  for (std::string& user : candidates) {
    if (Compose(user, hook).bytes == composed) return TakenApart{std::move(user), hook};
  }
  return foreign;
}

}  // namespace innkeeper
