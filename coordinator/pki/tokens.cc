#include "coordinator/pki/tokens.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "coordinator/pki/issuers.h"
#include "nlohmann/json.hpp"

namespace innkeeper {
namespace {

constexpr size_t kIdSize = 6;       // kubeadm's
constexpr size_t kSecretSize = 26;  // of 36 letters: 134 bits
constexpr size_t kSaltBytes = 16;
constexpr size_t kTextCap = 256;  // id, secret and hash need 98
constexpr int64_t kMostUses = 10'000;
constexpr absl::Duration kLongest = absl::Hours(24 * 365);
constexpr char kPrefix[] = "token/";
constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

struct Stored {
  JoinToken token;
  std::string salt, hash;
};

std::string RandomLetters(size_t count) {
  SystemRandom random;
  std::string text(count, ' ');
  for (char& c : text) c = kLetters[random.Below(sizeof kLetters - 1)];
  return text;
}

bool IsId(const std::string& text) {
  return text.size() == kIdSize && text.find_first_not_of(kLetters) == std::string::npos;
}

// One round suffices: the secret is random, not a password that somebody chose.
std::string Hash(const std::string& salt, std::string_view secret) {
  std::string input = salt + ":";
  input.append(secret);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha256(), nullptr);
  WipeString(input);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

Secret Encode(const Stored& stored) {
  return Secret(nlohmann::json{
      {"namespace", stored.token.space},
      {"node", stored.token.node},
      {"uses_left", stored.token.uses_left},
      {"expires", absl::ToUnixSeconds(stored.token.expires)},
      {"salt", stored.salt},
      {"hash",
       stored.hash}}.dump());
}

template <class T>
bool Get(const nlohmann::json& json, const char* key, T& value) {
  const auto found = json.find(key);
  if (found == json.end()) return false;
  if constexpr (std::is_integral_v<T>) {
    if (!found->is_number_integer()) return false;
  } else {
    if (!found->is_string()) return false;
  }
  value = found->get<T>();
  return true;
}

absl::StatusOr<Stored> Decode(const std::string& id, const VaultEntry& entry) {
  const nlohmann::json json =
      nlohmann::json::parse(entry.bytes.Reveal(), nullptr, /*allow_exceptions=*/false);
  Stored stored;
  int64_t expires = 0;
  if (!json.is_object() || !Get(json, "namespace", stored.token.space) ||
      !Get(json, "node", stored.token.node) || !Get(json, "uses_left", stored.token.uses_left) ||
      !Get(json, "expires", expires) || !Get(json, "salt", stored.salt) ||
      !Get(json, "hash", stored.hash))
    return absl::DataLossError("token " + id + " in the vault cannot be read");
  stored.token.id = id;
  stored.token.expires = absl::FromUnixSeconds(expires);
  stored.token.version = entry.version;
  return stored;
}

absl::StatusOr<Stored> ReadToken(Vault& vault, const std::string& id, const Call& call) {
  ASSIGN_OR_RETURN(const VaultEntry entry, vault.Read(kPrefix + id, call));
  return Decode(id, entry);
}

}  // namespace

absl::StatusOr<JoinTokens::Created> JoinTokens::Create(const Wish& wish, const Call& call) {
  if (!IsUriName(wish.space)) return absl::InvalidArgumentError("not a namespace: " + wish.space);
  if (!wish.node.empty() && !IsUriName(wish.node))
    return absl::InvalidArgumentError("not a node's name: " + wish.node);
  if (wish.uses < 1 || wish.uses > kMostUses)
    return absl::InvalidArgumentError("uses must be 1 to 10000");
  if (wish.valid <= absl::ZeroDuration() || wish.valid > kLongest)
    return absl::InvalidArgumentError("a token is valid for up to 365 days");
  ASSIGN_OR_RETURN(const std::string authority, authority_sha256_());
  Stored stored;
  stored.token = {.id = RandomLetters(kIdSize),
                  .space = wish.space,
                  .node = wish.node,
                  .uses_left = wish.uses,
                  .expires = clock_.Now() + wish.valid};
  const Secret secret(RandomLetters(kSecretSize));
  stored.salt = RandomHex(kSaltBytes);
  stored.hash = Hash(stored.salt, secret.Reveal());
  ASSIGN_OR_RETURN(stored.token.version,
                   vault_.Write(kPrefix + stored.token.id, Encode(stored), /*version=*/0, call));
  std::string text = stored.token.id + ".";
  text.append(secret.Reveal()).append(".").append(authority);
  return Created{std::move(stored.token), Secret(std::move(text))};
}

absl::StatusOr<std::vector<JoinToken>> JoinTokens::List(const Call& call) {
  ASSIGN_OR_RETURN(std::vector<std::string> names, vault_.List(kPrefix, call));
  std::sort(names.begin(), names.end());
  std::vector<JoinToken> tokens;
  for (const std::string& name : names) {
    absl::StatusOr<Stored> stored = ReadToken(vault_, name.substr(sizeof kPrefix - 1), call);
    if (absl::IsNotFound(stored.status())) continue;  // revoked meanwhile
    if (!stored.ok()) return stored.status();
    if (stored->token.uses_left > 0 && stored->token.expires > clock_.Now()) {
      tokens.push_back(std::move(stored->token));
    } else if (const absl::Status gone = vault_.Remove(name, stored->token.version, call);
               !gone.ok() && !absl::IsAborted(gone) && !absl::IsNotFound(gone)) {
      return gone;
    }
  }
  return tokens;
}

absl::Status JoinTokens::Revoke(const std::string& id, const Call& call) {
  if (!IsId(id)) return absl::NotFoundError("no such token");
  ASSIGN_OR_RETURN(const VaultEntry entry, vault_.Read(kPrefix + id, call));
  return vault_.Remove(kPrefix + id, entry.version, call);
}

absl::StatusOr<JoinToken> JoinTokens::Check(const Secret& text, const std::string& node,
                                            const Call& call) {
  const absl::Status refused = absl::UnauthenticatedError("the join token is not valid");
  const std::string_view all = text.Reveal();
  if (all.size() > kTextCap || all.size() <= kIdSize + 1 || all[kIdSize] != '.') return refused;
  const std::string id(all.substr(0, kIdSize));
  if (!IsId(id)) return refused;
  std::string_view secret = all.substr(kIdSize + 1);
  secret = secret.substr(0, secret.find('.'));

  absl::StatusOr<Stored> stored = ReadToken(vault_, id, call);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
  // An unknown id is compared with a hash that nothing has.
  const Stored nobody{.token = {}, .salt = std::string(2 * kSaltBytes, '0'), .hash = "none"};
  const Stored& against = stored.ok() ? *stored : nobody;
  const bool matches = ConstantTimeEquals(Hash(against.salt, secret), against.hash);
  const JoinToken& token = against.token;
  if (!matches || token.uses_left < 1 || token.expires <= clock_.Now()) return refused;
  if (!token.node.empty() && token.node != node) return refused;
  return token;
}

absl::Status JoinTokens::TakeUse(const JoinToken& token, const Call& call) {
  ASSIGN_OR_RETURN(Stored stored, ReadToken(vault_, token.id, call));
  if (stored.token.version != token.version) return absl::AbortedError("the token changed");
  --stored.token.uses_left;
  return vault_.Write(kPrefix + token.id, Encode(stored), token.version, call).status();
}

}  // namespace innkeeper
