#include "agent/link/signing_request.h"

#include <openssl/ec.h>

#include <memory>
#include <utility>

#include "base/openssl_handles.h"

namespace innkeeper {
namespace {

using RequestHandle = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;

absl::Status Failed(const std::string& doing) {
  return OpensslError(absl::StatusCode::kInternal, doing);
}

std::string Drain(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

}  // namespace

absl::StatusOr<SigningRequest> MakeSigningRequest() {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const RequestHandle request(X509_REQ_new());
  if (!key || !request || X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0)
    return Failed("make signing request");
  const BioHandle key_text(BIO_new(BIO_s_secmem()));
  const BioHandle request_text(BIO_new(BIO_s_mem()));
  if (!PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                     nullptr) ||
      !PEM_write_bio_X509_REQ(request_text.get(), request.get()))
    return Failed("write signing request");
  return SigningRequest{Secret(Drain(key_text.get())), Drain(request_text.get())};
}

}  // namespace innkeeper
