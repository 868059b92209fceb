#pragma once

#include <openssl/ec.h>

#include <memory>
#include <string>

#include "base/openssl_handles.h"

namespace innkeeper {

// A PKCS#10 request for a fresh key of the given curve, PEM, as an agent makes it; and that key.
struct TestRequest {
  std::string key;
  std::string text;
};

inline std::string BioText(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

inline TestRequest MakeTestRequest(const char* curve = "P-256", const char* subject = nullptr) {
  const KeyHandle key(EVP_EC_gen(curve));
  const std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>> request(X509_REQ_new());
  if (subject != nullptr) {
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
  }
  X509_REQ_set_pubkey(request.get(), key.get());
  X509_REQ_sign(request.get(), key.get(), EVP_sha256());
  const BioHandle key_text(BIO_new(BIO_s_mem())), text(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509_REQ(text.get(), request.get());
  return {BioText(key_text.get()), BioText(text.get())};
}

}  // namespace innkeeper
