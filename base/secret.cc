#include "base/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace innkeeper {

void WipeString(std::string& bytes) noexcept {
  bytes.resize(bytes.capacity());  // no allocation: the size stays within the capacity
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Secret::Secret(std::string bytes) : bytes_(bytes) { WipeString(bytes); }

Secret::Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.Wipe(); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    bytes_ = other.bytes_;
    other.Wipe();
  }
  return *this;
}

Secret::~Secret() { Wipe(); }

void Secret::Wipe() noexcept { WipeString(bytes_); }

}  // namespace innkeeper
