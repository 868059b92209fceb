#include "coordinator/pki/certificates.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/certificate_flaw.h"
#include "base/openssl_handles.h"

namespace innkeeper {
namespace {

// Bytes of a PKCS#10 request in PEM; a P-256 one has about 500.
constexpr size_t kRequestCap = 16 * 1024;
constexpr int kSerialBits = 127;  // RFC 5280 4.1.2.2: positive, at most 20 octets

using RequestHandle = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;
using BignumHandle = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;
using NamesHandle = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;

absl::Status Failed(const std::string& doing) {
  return OpensslError(absl::StatusCode::kInternal, doing);
}

std::string Drain(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

absl::StatusOr<KeyHandle> ParseKey(const Secret& pem) {
  std::string text(pem.Reveal());
  KeyHandle key = ReadPrivateKey(text);
  WipeString(text);
  if (!key) return absl::InternalError("read private key");
  return key;
}

absl::StatusOr<CertificateHandle> ParseCertificate(const std::string& pem) {
  std::vector<CertificateHandle> certificates = ReadCertificates(pem);
  if (certificates.empty()) return absl::InvalidArgumentError("no certificate");
  return std::move(certificates.front());
}

absl::StatusOr<Secret> KeyText(EVP_PKEY* key) {
  // Secure heap or not, the buffer is cleared when the BIO goes.
  const BioHandle bio(BIO_new(BIO_s_secmem()));
  if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr))
    return Failed("write private key");
  return Secret(Drain(bio.get()));
}

absl::StatusOr<std::string> CertificateText(X509* certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (!bio || !PEM_write_bio_X509(bio.get(), certificate)) return Failed("write certificate");
  return Drain(bio.get());
}

bool SetSerial(X509* certificate) {
  const BignumHandle number(BN_new());
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetTimes(X509* certificate, absl::Time from, absl::Time until) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(until)) != nullptr;
}

bool SetSubject(X509* certificate, const std::string& common_name) {
  // RFC 5280: at most 64 characters.
  const std::string text = common_name.substr(0, 64);
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

GENERAL_NAME* TextName(int type, const std::string& text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
  GENERAL_NAME_set0_value(name, type, value);
  return name;
}

GENERAL_NAME* HostName(const std::string& text) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(text.c_str());
  if (address == nullptr) {
    ERR_clear_error();
    return TextName(GEN_DNS, text);
  }
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_IPADD, address);
  return name;
}

// Built as objects, never as configuration text, in which a name with a comma would mean more.
bool AddAlternativeNames(X509* certificate, const LeafSpec& leaf) {
  const NamesHandle names(GENERAL_NAMES_new());
  for (const std::string& uri : leaf.uris)
    sk_GENERAL_NAME_push(names.get(), TextName(GEN_URI, uri));
  for (const std::string& name : leaf.names) sk_GENERAL_NAME_push(names.get(), HostName(name));
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

absl::StatusOr<std::string> Sign(const LeafSpec& leaf, EVP_PKEY* subject,
                                 const KeyPair& authority) {
  ASSIGN_OR_RETURN(const CertificateHandle issuer, ParseCertificate(authority.chain));
  ASSIGN_OR_RETURN(const KeyHandle issuer_key, ParseKey(authority.key));
  const CertificateHandle certificate(X509_new());
  X509* made = certificate.get();
  const bool ok = made && X509_set_version(made, X509_VERSION_3) && SetSerial(made) &&
                  SetTimes(made, leaf.from, leaf.until) && SetSubject(made, leaf.common_name) &&
                  X509_set_issuer_name(made, X509_get_subject_name(issuer.get())) &&
                  X509_set_pubkey(made, subject) &&
                  AddExtension(made, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                  AddExtension(made, issuer.get(), NID_key_usage, "critical,digitalSignature") &&
                  AddExtension(made, issuer.get(), NID_ext_key_usage,
                               leaf.usage == LeafUsage::kClient ? "clientAuth" : "serverAuth") &&
                  AddExtension(made, issuer.get(), NID_subject_key_identifier, "hash") &&
                  AddExtension(made, issuer.get(), NID_authority_key_identifier, "keyid:always") &&
                  AddAlternativeNames(made, leaf) &&
                  X509_sign(made, issuer_key.get(), EVP_sha256()) > 0;
  if (!ok) return Failed("sign certificate");
  return CertificateText(made);
}

bool IsP256(EVP_PKEY* key) {
  char group[64] = {};
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
         OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

absl::StatusOr<StoreHandle> MakeStore(const std::string& bundle) {
  StoreHandle store(X509_STORE_new());
  for (const CertificateHandle& ca : ReadCertificates(bundle)) {
    if (X509_STORE_add_cert(store.get(), ca.get()) != 1) return Failed("trust authority");
  }
  return store;
}

}  // namespace

absl::StatusOr<Secret> MakeKey() {
  const KeyHandle key(EVP_EC_gen("P-256"));
  if (!key) return Failed("make key");
  return KeyText(key.get());
}

absl::StatusOr<KeyPair> MakeAuthority(const std::string& common_name, absl::Time from,
                                      absl::Time until) {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const CertificateHandle certificate(X509_new());
  X509* made = certificate.get();
  const bool ok = key && made && X509_set_version(made, X509_VERSION_3) && SetSerial(made) &&
                  SetTimes(made, from, until) && SetSubject(made, common_name) &&
                  X509_set_issuer_name(made, X509_get_subject_name(made)) &&
                  X509_set_pubkey(made, key.get()) &&
                  AddExtension(made, made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                  AddExtension(made, made, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                  AddExtension(made, made, NID_subject_key_identifier, "hash") &&
                  X509_sign(made, key.get(), EVP_sha256()) > 0;
  if (!ok) return Failed("make authority");
  ASSIGN_OR_RETURN(std::string chain, CertificateText(made));
  ASSIGN_OR_RETURN(Secret text, KeyText(key.get()));
  return KeyPair{std::move(chain), std::move(text)};
}

absl::StatusOr<std::string> SignForKey(const LeafSpec& leaf, const Secret& key,
                                       const KeyPair& authority) {
  ASSIGN_OR_RETURN(const KeyHandle subject, ParseKey(key));
  return Sign(leaf, subject.get(), authority);
}

absl::StatusOr<std::string> SignForRequest(const LeafSpec& leaf, const std::string& request,
                                           const KeyPair& authority) {
  if (request.size() > kRequestCap) return absl::InvalidArgumentError("signing request too long");
  const BioHandle bio(BIO_new_mem_buf(request.data(), static_cast<int>(request.size())));
  const RequestHandle parsed(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  EVP_PKEY* key = parsed ? X509_REQ_get0_pubkey(parsed.get()) : nullptr;
  if (key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("not a signing request in PEM");
  }
  if (!IsP256(key)) return absl::InvalidArgumentError("the request's key is not ECDSA P-256");
  if (X509_REQ_verify(parsed.get(), key) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the request is not signed by its own key");
  }
  return Sign(leaf, key, authority);
}

absl::Status VerifyClient(const std::string& pem, const std::string& bundle, absl::Time now) {
  const absl::StatusOr<CertificateHandle> leaf = ParseCertificate(pem);
  if (!leaf.ok()) return RefusedCertificate(CertificateFlaw::kUnreadable, "not a certificate");
  ASSIGN_OR_RETURN(const StoreHandle store, MakeStore(bundle));
  const StoreContextHandle context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store.get(), leaf->get(), nullptr) != 1)
    return Failed("verify certificate");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(now));
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT);
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  return RefusedByOpenssl(error);
}

}  // namespace innkeeper
