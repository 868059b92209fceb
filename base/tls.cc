#include "base/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/openssl_handles.h"
#include "base/random.h"

namespace innkeeper {
namespace {

namespace fs = std::filesystem;

std::string Hex(const unsigned char* bytes, size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) text += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return text;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

// As UTF-8. Empty when there is none, and when a NUL byte could make it look like another name.
std::string CommonName(X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (place < 0) return "";
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
  if (size < 0) return "";
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return name.find('\0') == std::string::npos ? name : "";
}

std::string Serial(X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  return Hex(ASN1_STRING_get0_data(serial), static_cast<size_t>(ASN1_STRING_length(serial)));
}

std::string SpkiSha256(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return "";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_size = 0;
  EVP_Digest(der, static_cast<size_t>(size), digest, &digest_size, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return Hex(digest, digest_size);
}

std::string TextOf(const ASN1_STRING* string) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                     static_cast<size_t>(ASN1_STRING_length(string)));
}

// Empty for anything that is not four or sixteen bytes.
std::string AddressText(const ASN1_OCTET_STRING& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.length == 4) inet_ntop(AF_INET, address.data, text, sizeof text);
  if (address.length == 16) inet_ntop(AF_INET6, address.data, text, sizeof text);
  return text;
}

void AddName(std::string name, std::vector<std::string>& names) {
  if (name.empty() || name.find('\0') != std::string::npos) return;
  names.push_back(std::move(name));
}

void ReadAlternativeNames(X509* certificate, CertificateFacts& facts) {
  const std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) AddName(TextOf(name->d.uniformResourceIdentifier), facts.uris);
    if (name->type == GEN_DNS) AddName(TextOf(name->d.dNSName), facts.names);
    if (name->type == GEN_IPADD) AddName(AddressText(*name->d.iPAddress), facts.names);
  }
}

absl::StatusOr<StoreHandle> TrustStore(const std::string& ca) {
  StoreHandle store(X509_STORE_new());
  const std::vector<CertificateHandle> trusted = ReadCertificates(ca);
  if (trusted.empty()) return absl::InvalidArgumentError("no certificate in the CA bundle");
  for (const CertificateHandle& one : trusted) X509_STORE_add_cert(store.get(), one.get());
  return store;
}

absl::Status VerifyChain(const std::vector<CertificateHandle>& chain, const std::string& ca,
                         absl::Time now) {
  ASSIGN_OR_RETURN(const StoreHandle store, TrustStore(ca));
  const StoreContextHandle context(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> between(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between.get());
  X509_STORE_CTX_set_time(context.get(), 0, absl::ToTimeT(now));
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  return absl::FailedPreconditionError(std::string("the certificate does not verify: ") +
                                       X509_verify_cert_error_string(error));
}

absl::Status WriteFile(const fs::path& path, std::string_view bytes, mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return ErrnoStatus(errno, path.string());
  absl::Status outcome;
  while (!bytes.empty() && outcome.ok()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) outcome = ErrnoStatus(errno, path.string());
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (outcome.ok() && fsync(fd) != 0) outcome = ErrnoStatus(errno, path.string());
  close(fd);
  return outcome;
}

absl::Status SyncFolder(const fs::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, folder.string());
  const absl::Status outcome =
      fsync(fd) == 0 ? absl::OkStatus() : ErrnoStatus(errno, folder.string());
  close(fd);
  return outcome;
}

// Reads without the stream's own buffer: it would keep a copy of a key.
absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  if (error) return ErrnoStatus(error.value(), path.string());
  std::ifstream file;
  file.rdbuf()->pubsetbuf(nullptr, 0);
  file.open(path, std::ios::binary);
  std::string bytes(size, '\0');
  if (!file || !file.read(bytes.data(), static_cast<std::streamsize>(size))) {
    return absl::PermissionDeniedError(path.string() + ": cannot be read");
  }
  return bytes;
}

absl::Status WritePair(const fs::path& folder, const KeyPair& pair, const std::string& ca) {
  if (mkdir(folder.c_str(), 0700) != 0) return ErrnoStatus(errno, folder.string());
  RETURN_IF_ERROR(WriteFile(folder / "tls.crt", pair.chain, 0644));
  RETURN_IF_ERROR(WriteFile(folder / "tls.key", pair.key.Reveal(), 0600));
  RETURN_IF_ERROR(WriteFile(folder / "ca.crt", ca, 0644));
  return SyncFolder(folder);
}

// Points `link` at `target` in one step, whether it existed or not.
absl::Status SwapLink(const fs::path& link, const fs::path& target) {
  const fs::path fresh = link.string() + "." + RandomHex(6);
  std::error_code failed;
  fs::create_directory_symlink(target, fresh, failed);
  if (failed) return ErrnoStatus(failed.value(), fresh.string());
  if (std::rename(fresh.c_str(), link.c_str()) != 0) {
    const absl::Status outcome = ErrnoStatus(errno, link.string());
    fs::remove(fresh, failed);
    return outcome;
  }
  return SyncFolder(link.parent_path());
}

// Folders of earlier pairs, and links that a crash left behind. The pair before the present one
// stays for readers that have just opened it.
void PruneOld(const fs::path& directory, const fs::path& now, const fs::path& before) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const fs::path name = entry.path().filename();
    const bool pair = name.string().starts_with("pair-") && name != now && name != before;
    if (pair || name.string().starts_with("current.")) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificate(const std::string& pem) {
  const std::vector<CertificateHandle> found = ReadCertificates(pem);
  if (found.empty()) return absl::InvalidArgumentError("no certificate in the PEM text");
  X509* certificate = found.front().get();
  CertificateFacts facts;
  facts.common_name = CommonName(certificate);
  facts.serial = Serial(certificate);
  facts.spki_sha256 = SpkiSha256(certificate);
  facts.not_before = TimeOf(X509_get0_notBefore(certificate));
  facts.not_after = TimeOf(X509_get0_notAfter(certificate));
  ReadAlternativeNames(certificate, facts);
  return facts;
}

absl::Status ValidateKeyPair(const KeyPair& pair, const std::string& ca, absl::Time now) {
  const std::vector<CertificateHandle> chain = ReadCertificates(pair.chain);
  if (chain.empty()) return absl::FailedPreconditionError("there is no certificate");
  std::string pem(pair.key.Reveal());
  const KeyHandle key = ReadPrivateKey(pem);
  WipeString(pem);
  if (!key) return absl::FailedPreconditionError("there is no readable private key");
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError("the key does not belong to the certificate");
  }
  if (now < TimeOf(X509_get0_notBefore(chain.front().get()))) {
    return absl::FailedPreconditionError("the certificate is not valid yet");
  }
  if (now > TimeOf(X509_get0_notAfter(chain.front().get()))) {
    return absl::FailedPreconditionError("the certificate has expired");
  }
  return ca.empty() ? absl::OkStatus() : VerifyChain(chain, ca, now);
}

absl::Status PublishKeyPair(const std::string& directory, const KeyPair& pair,
                            const std::string& ca) {
  const fs::path root(directory);
  std::error_code failed;
  fs::create_directories(root, failed);
  if (failed) return ErrnoStatus(failed.value(), directory);
  const fs::path name = "pair-" + RandomHex(6);
  const fs::path before = fs::read_symlink(root / "current", failed);
  absl::Status outcome = WritePair(root / name, pair, ca);
  if (outcome.ok()) outcome = SwapLink(root / "current", name);
  if (outcome.ok()) {
    PruneOld(root, name, before);
  } else if (fs::read_symlink(root / "current", failed) != name) {
    fs::remove_all(root / name, failed);
  }
  return outcome;
}

absl::StatusOr<KeyPair> LoadKeyPair(const std::string& directory) {
  // The link is followed once, so that both files are of one pair.
  std::error_code failed;
  const fs::path current = fs::canonical(fs::path(directory) / "current", failed);
  if (failed) return ErrnoStatus(failed.value(), directory + "/current");
  KeyPair pair;
  ASSIGN_OR_RETURN(pair.chain, ReadFile(current / "tls.crt"));
  ASSIGN_OR_RETURN(std::string key, ReadFile(current / "tls.key"));
  pair.key = Secret(std::move(key));
  return pair;
}

namespace {

// How long a session may be resumed: a client's certificate is looked at only when one begins.
constexpr long kSessionSeconds = 300;

absl::Status UseChain(SSL_CTX* context, const std::string& pem) {
  const std::vector<CertificateHandle> chain = ReadCertificates(pem);
  if (chain.empty()) return absl::InvalidArgumentError("no certificate in the chain");
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument, "certificate");
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
      return OpensslError(absl::StatusCode::kInvalidArgument, "certificate chain");
    }
  }
  return absl::OkStatus();
}

absl::Status UseKey(SSL_CTX* context, const Secret& key) {
  std::string pem(key.Reveal());
  const KeyHandle handle = ReadPrivateKey(pem);
  WipeString(pem);
  if (!handle || SSL_CTX_use_PrivateKey(context, handle.get()) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument, "private key");
  }
  return absl::OkStatus();
}

absl::Status DemandClients(SSL_CTX* context, const std::string& ca, ClientCertificate demand) {
  if (demand == ClientCertificate::kNone) return absl::OkStatus();
  const std::vector<CertificateHandle> trusted = ReadCertificates(ca);
  if (trusted.empty()) return absl::InvalidArgumentError("no certificate in the client CA bundle");
  for (const CertificateHandle& one : trusted) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get());
    SSL_CTX_add_client_CA(context, one.get());
  }
  const int strict = demand == ClientCertificate::kRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | strict, nullptr);
  return absl::OkStatus();
}

// Only HTTP/1.1 is spoken here; a client that offers nothing of it goes on without ALPN.
int SelectHttp11(SSL*, const unsigned char** out, unsigned char* out_size,
                 const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11 - 1, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

absl::StatusOr<TlsContext> MakeServerContext(const KeyPair& pair, const std::string& client_ca,
                                             ClientCertificate demand) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return OpensslError(absl::StatusCode::kInternal, "make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_timeout(context.get(), kSessionSeconds);
  SSL_CTX_set_alpn_select_cb(context.get(), SelectHttp11, nullptr);
  // Sessions made under one set of client rules are never resumed under another.
  const std::string session_id = RandomHex(16);
  SSL_CTX_set_session_id_context(context.get(),
                                 reinterpret_cast<const unsigned char*>(session_id.data()),
                                 static_cast<unsigned int>(session_id.size()));
  RETURN_IF_ERROR(UseChain(context.get(), pair.chain));
  RETURN_IF_ERROR(UseKey(context.get(), pair.key));
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument, "key and certificate");
  }
  RETURN_IF_ERROR(DemandClients(context.get(), client_ca, demand));
  return context;
}

}  // namespace innkeeper
