#include "base/testing/test_pki.h"

#include <arpa/inet.h>
#include <openssl/rand.h>

#include <utility>

#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/openssl_handles.h"

namespace innkeeper {
namespace {

std::string TextOf(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

std::string PemOf(X509* certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  IK_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return TextOf(bio.get());
}

std::string PemOf(EVP_PKEY* key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  IK_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
           1);
  return TextOf(bio.get());
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  IK_CHECK(extension != nullptr);
  IK_CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

bool IsAddress(const std::string& name) {
  in6_addr parsed;
  return inet_pton(AF_INET, name.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &parsed) == 1;
}

std::string AlternativeNames(const TestLeaf& leaf) {
  std::vector<std::string> entries;
  for (const std::string& uri : leaf.uris) entries.push_back("URI:" + uri);
  for (const std::string& name : leaf.names) {
    entries.push_back((IsAddress(name) ? "IP:" : "DNS:") + name);
  }
  return absl::StrJoin(entries, ",");
}

CertificateHandle Blank(const std::string& common_name, EVP_PKEY* key, absl::Time from,
                        absl::Time until) {
  CertificateHandle certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  uint64_t serial = 0;
  IK_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(from));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(until));
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_NID(
      X509_get_subject_name(certificate.get()), NID_commonName, MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return certificate;
}

// Signs with `issuer` (null: with its own `key`). The key identifier lets a verifier tell
// authorities of one name apart.
KeyPair Finish(X509* certificate, EVP_PKEY* key, const KeyPair* issuer) {
  if (issuer == nullptr) {
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    IK_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  } else {
    const std::vector<CertificateHandle> above = ReadCertificates(issuer->chain);
    const KeyHandle signer = ReadPrivateKey(std::string(issuer->key.Reveal()));
    IK_CHECK(!above.empty() && signer);
    X509_set_issuer_name(certificate, X509_get_subject_name(above.front().get()));
    AddExtension(certificate, above.front().get(), NID_authority_key_identifier, "keyid:always");
    IK_CHECK(X509_sign(certificate, signer.get(), EVP_sha256()) > 0);
  }
  return {PemOf(certificate), Secret(PemOf(key))};
}

KeyPair MakeAuthorityPair(const std::string& common_name, const KeyPair* issuer) {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const CertificateHandle certificate =
      Blank(common_name, key.get(), absl::Now() - absl::Hours(24), absl::Now() + absl::Hours(24));
  AddExtension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  return Finish(certificate.get(), key.get(), issuer);
}

}  // namespace

TestAuthority::TestAuthority(const std::string& common_name)
    : pair_(MakeAuthorityPair(common_name, nullptr)) {}

TestAuthority TestAuthority::SignAuthority(const std::string& common_name) const {
  KeyPair below = MakeAuthorityPair(common_name, &pair_);
  std::string chain = below.chain + chain_;
  return TestAuthority(std::move(below), std::move(chain));
}

KeyPair TestAuthority::Sign(const TestLeaf& leaf) const {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const CertificateHandle certificate = Blank(leaf.common_name, key.get(), leaf.from, leaf.until);
  X509* raw = certificate.get();
  AddExtension(raw, raw, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(raw, raw, NID_key_usage, "critical,digitalSignature");
  const char* usage = leaf.usage == TestUsage::kServer   ? "serverAuth"
                      : leaf.usage == TestUsage::kClient ? "clientAuth"
                                                         : "serverAuth,clientAuth";
  AddExtension(raw, raw, NID_ext_key_usage, usage);
  if (const std::string names = AlternativeNames(leaf); !names.empty()) {
    AddExtension(raw, raw, NID_subject_alt_name, names);
  }
  KeyPair pair = Finish(raw, key.get(), &pair_);
  pair.chain += chain_;
  return pair;
}

}  // namespace innkeeper
