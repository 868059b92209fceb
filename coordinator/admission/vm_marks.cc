#include "coordinator/admission/vm_marks.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/escaping.h"

namespace innkeeper {
namespace {

constexpr char kJoinSuffix[] = "-innkeeper";
constexpr char kUserDataSuffix[] = "-innkeeper-user-data";
constexpr char kReviewPrefix[] = "innkeeper-";
constexpr char kReviewUserDataSuffix[] = "-user-data";
constexpr size_t kLongestName = 253;  // bytes: a DNS subdomain, as Secrets are named
constexpr size_t kDigits = 16;        // of a digest: 64 bits

std::string Digest(std::string_view text) {
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum);
  return absl::BytesToHexString({reinterpret_cast<const char*>(sum), kDigits / 2});
}

bool IsDigest(std::string_view text) {
  return text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

VmSecretNames SecretNamesOf(std::string_view vm) {
  constexpr size_t kRoom = kLongestName - (sizeof kUserDataSuffix - 1);
  std::string stem(vm);
  if (stem.size() > kRoom) {
    stem.resize(kRoom - kDigits - 1);
    while (!stem.empty() && (stem.back() == '.' || stem.back() == '-')) stem.pop_back();
    stem += "-" + Digest(vm);
  }
  return {stem + kJoinSuffix, stem + kUserDataSuffix};
}

VmSecretNames SecretNamesForReview(std::string_view review_uid) {
  const std::string stem = kReviewPrefix + Digest(review_uid);
  return {stem, stem + kReviewUserDataSuffix};
}

std::optional<VmSecretNames> ReviewNamesWith(std::string_view secret) {
  if (secret.ends_with(kReviewUserDataSuffix)) {
    secret.remove_suffix(sizeof kReviewUserDataSuffix - 1);
  }
  if (!secret.starts_with(kReviewPrefix)) return std::nullopt;
  if (!IsDigest(secret.substr(sizeof kReviewPrefix - 1))) return std::nullopt;
  const std::string stem(secret);
  return VmSecretNames{stem, stem + kReviewUserDataSuffix};
}

}  // namespace innkeeper
