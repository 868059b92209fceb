#pragma once
// OpenSSL's objects as owning pointers, and its error queue as text.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace innkeeper {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using BioHandle = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using CertificateHandle = std::unique_ptr<X509, OpensslFree<X509_free>>;
using StoreHandle = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using StoreContextHandle = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;

// The oldest error of this thread's queue, which is emptied: "context: reason".
inline absl::Status OpensslError(absl::StatusCode code, const std::string& context) {
  char text[256] = "unknown";
  if (const unsigned long error = ERR_get_error(); error != 0) {
    ERR_error_string_n(error, text, sizeof text);
  }
  ERR_clear_error();
  return absl::Status(code, context + ": " + text);
}

// The certificates of a PEM text, in order, up to the first that cannot be read; other blocks are
// skipped.
inline std::vector<CertificateHandle> ReadCertificates(const std::string& pem) {
  std::vector<CertificateHandle> found;
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // An empty password: an encrypted block is an error, never a prompt on the terminal.
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, const_cast<char*>(""))) {
    found.emplace_back(one);
  }
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  return found;
}

inline KeyHandle ReadPrivateKey(const std::string& pem) {
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, const_cast<char*>("")));
  ERR_clear_error();
  return key;
}

}  // namespace innkeeper
