#pragma once
// A certificate authority made on the spot, for tests of whatever speaks TLS. ECDSA P-256.

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/tls.h"

namespace innkeeper {

enum class TestUsage { kServer, kClient, kBoth };

// What a test wants of a leaf. The defaults are a server's that any test on this machine can use.
struct TestLeaf {
  std::string common_name = "test leaf";
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};  // DNS, or IP when it parses
  std::vector<std::string> uris = {};
  TestUsage usage = TestUsage::kServer;
  absl::Time from = absl::Now() - absl::Hours(1);
  absl::Time until = absl::Now() + absl::Hours(1);
};

// Aborts the test program when OpenSSL fails.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& common_name = "test authority");

  // The authority's certificate, PEM: what the other side trusts.
  const std::string& certificate() const { return pair_.chain; }
  // Certificate and key of the authority itself.
  const KeyPair& pair() const { return pair_; }
  // A fresh key and its certificate, signed by this authority.
  KeyPair Sign(const TestLeaf& leaf = {}) const;
  KeyPair SignClient(const std::string& common_name) const {
    return Sign({.common_name = common_name, .names = {}, .usage = TestUsage::kClient});
  }
  // An authority below this one. What it signs comes with its certificate in the chain.
  TestAuthority SignAuthority(const std::string& common_name) const;

 private:
  TestAuthority(KeyPair pair, std::string chain)
      : pair_(std::move(pair)), chain_(std::move(chain)) {}

  KeyPair pair_;
  std::string chain_;  // appended to every leaf; empty for a root
};

}  // namespace innkeeper
