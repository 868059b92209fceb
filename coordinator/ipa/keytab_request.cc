#include "coordinator/ipa/keytab_request.h"

#include <krb5/krb5.h>
#include <lber.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace innkeeper {
namespace {

constexpr char kGetKeytabOid[] = "2.16.840.1.113730.3.8.10.5";
constexpr ber_tag_t kTag0 = 0xa0, kTag1 = 0xa1, kTag2 = 0xa2;  // explicit context tags
// aes256-sha384, aes128-sha256, aes256-sha1, aes128-sha1: the server takes those it allows.
constexpr ber_int_t kTypes[] = {20, 19, 18, 17};
constexpr size_t kMostKeys = 16, kLongestKey = 64;

struct BerFree {
  void operator()(BerElement* ber) const { ber_free(ber, 1); }
};
using Ber = std::unique_ptr<BerElement, BerFree>;

// TypeValuePair ::= SEQUENCE { type [0] Int32, value [1] OCTET STRING }, inside its [0].
bool ReadKey(BerElement* ber, KerberosKey& key) {
  berval value{};
  ber_int_t type = 0;
  if (ber_scanf(ber, "{{{i}{m}}}", &type, &value) == LBER_ERROR) return false;
  if (value.bv_len == 0 || value.bv_len > kLongestKey) return false;
  key.type = type;
  key.key = Secret(std::string(value.bv_val, value.bv_len));
  return true;
}

// KrbKey ::= SEQUENCE { key [0], salt [1] OPTIONAL, s2kparams [2] OPTIONAL }
bool ReadKeyEntry(BerElement* ber, NewKeys& to) {
  ber_len_t size = 0;
  char* end = nullptr;
  KerberosKey key;
  for (ber_tag_t tag = ber_first_element(ber, &size, &end); tag != LBER_DEFAULT;
       tag = ber_next_element(ber, &size, end)) {
    if (tag != kTag0) {
      if (ber_scanf(ber, "x") == LBER_ERROR) return false;
    } else if (!ReadKey(ber, key)) {
      return false;
    }
  }
  if (key.key.empty() || to.keys.size() >= kMostKeys) return false;
  to.keys.push_back(std::move(key));
  return true;
}

absl::Status Kerberos(krb5_error_code failed, const std::string& doing) {
  if (failed == 0) return absl::OkStatus();
  if (failed == ENOENT || failed == EACCES || failed == ENOSPC) return ErrnoStatus(failed, doing);
  return absl::InternalError(doing + ": Kerberos error " + std::to_string(failed));
}

absl::Status AddKeys(krb5_context context, krb5_keytab keytab, krb5_principal principal,
                     const NewKeys& keys) {
  for (const KerberosKey& key : keys.keys) {
    std::string bytes(key.key.Reveal());
    krb5_keytab_entry entry{};
    entry.principal = principal;
    entry.vno = static_cast<krb5_kvno>(keys.version);
    entry.key.enctype = key.type;
    entry.key.length = static_cast<unsigned int>(bytes.size());
    entry.key.contents = reinterpret_cast<krb5_octet*>(bytes.data());
    const krb5_error_code failed = krb5_kt_add_entry(context, keytab, &entry);
    WipeString(bytes);
    RETURN_IF_ERROR(Kerberos(failed, "write the keytab"));
  }
  return absl::OkStatus();
}

absl::Status WriteKeytab(const std::string& path, const std::string& principal,
                         const NewKeys& keys) {
  krb5_context context = nullptr;
  RETURN_IF_ERROR(Kerberos(krb5_init_context(&context), "start Kerberos"));
  const std::unique_ptr<_krb5_context, decltype(&krb5_free_context)> owner(context,
                                                                           krb5_free_context);
  krb5_principal name = nullptr;
  RETURN_IF_ERROR(Kerberos(krb5_parse_name(context, principal.c_str(), &name), principal));
  krb5_keytab keytab = nullptr;
  absl::Status done = Kerberos(krb5_kt_resolve(context, ("FILE:" + path).c_str(), &keytab), path);
  if (done.ok()) done = AddKeys(context, keytab, name, keys);
  if (keytab) krb5_kt_close(context, keytab);
  krb5_free_principal(context, name);
  return done;
}

}  // namespace

std::string EncodeKeytabRequest(const std::string& principal) {
  const Ber ber(ber_alloc_t(LBER_USE_DER));
  if (!ber) std::abort();
  // GetKeytabControl: newkeys [0] { serviceIdentity [0], enctypes [1] }
  ber_printf(ber.get(), "t{{t{s}t{{", kTag0, kTag0, principal.c_str(), kTag1);
  for (const ber_int_t type : kTypes) ber_printf(ber.get(), "i", type);
  ber_printf(ber.get(), "}}}}");
  berval encoded{};
  if (ber_flatten2(ber.get(), &encoded, 0) != 0) std::abort();
  return std::string(encoded.bv_val, encoded.bv_len);
}

absl::StatusOr<NewKeys> DecodeKeytabReply(const Secret& reply) {
  const absl::Status broken = absl::InternalError("FreeIPA's keys make no sense");
  std::string bytes(reply.Reveal());
  berval value{bytes.size(), bytes.data()};
  const Ber ber(ber_init(&value));
  WipeString(bytes);
  if (!ber) return broken;
  // GetKeytabControl: reply [2] { newkvno Int32, keys SEQUENCE OF KrbKey }
  NewKeys keys;
  ber_int_t version = 0;
  ber_len_t size = 0;
  if (ber_peek_tag(ber.get(), &size) != kTag2 ||
      ber_scanf(ber.get(), "{{i", &version) == LBER_ERROR)
    return broken;
  keys.version = version;
  char* end = nullptr;
  for (ber_tag_t tag = ber_first_element(ber.get(), &size, &end); tag != LBER_DEFAULT;
       tag = ber_next_element(ber.get(), &size, end)) {
    if (!ReadKeyEntry(ber.get(), keys)) return broken;
  }
  if (keys.keys.empty()) return broken;
  return keys;
}

absl::Status FetchKeytab(LdapConnection& directory, const std::string& principal,
                         const std::string& path, const Call& call) {
  // The library makes its file as it likes: in a folder that only we can enter.
  std::string folder = path + ".XXXXXX";
  if (!mkdtemp(folder.data())) return ErrnoStatus(errno, "make a folder beside " + path);
  const std::string fresh = folder + "/keytab";
  absl::StatusOr<Secret> reply =
      directory.Extended(kGetKeytabOid, EncodeKeytabRequest(principal), call);
  absl::Status done = reply.status();
  if (done.ok()) {
    absl::StatusOr<NewKeys> keys = DecodeKeytabReply(*reply);
    done = keys.ok() ? WriteKeytab(fresh, principal, *keys) : keys.status();
  }
  if (done.ok() && (chmod(fresh.c_str(), 0600) != 0 || rename(fresh.c_str(), path.c_str()) != 0))
    done = ErrnoStatus(errno, "put " + path + " in place");
  unlink(fresh.c_str());
  rmdir(folder.c_str());
  return done;
}

}  // namespace innkeeper
