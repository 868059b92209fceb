#include "base/random.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <limits>

namespace innkeeper {
namespace {

void Fill(unsigned char* to, size_t size) {
  // Without randomness no key and no token is safe: there is nothing to go on with.
  if (RAND_bytes(to, static_cast<int>(size)) != 1) std::abort();
}

}  // namespace

uint64_t SystemRandom::Below(uint64_t bound) {
  // Values past the last whole multiple of bound are drawn again: they would favour small results.
  const uint64_t limit = std::numeric_limits<uint64_t>::max() / bound * bound;
  uint64_t value = 0;
  do {
    Fill(reinterpret_cast<unsigned char*>(&value), sizeof value);
  } while (value >= limit);
  return value % bound;
}

std::string RandomHex(size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string raw(bytes, '\0');
  Fill(reinterpret_cast<unsigned char*>(raw.data()), raw.size());
  std::string text;
  text.reserve(bytes * 2);
  for (const unsigned char byte : raw) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace innkeeper
