#pragma once
// New Kerberos keys of a principal, made by the server and put into a keytab: what ipa-getkeytab
// does, without that program (a server's package seldom has it) and without a password in argv.
// Operation 2.16.840.1.113730.3.8.10.5; its ASN.1 is asn1/asn1c/ipa.asn1 in FreeIPA's source.

#include <cstdint>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/secret.h"
#include "base/status.h"
#include "coordinator/ipa/ldap_connection.h"

namespace innkeeper {

struct KerberosKey {
  int32_t type = 0;  // RFC 3961 encryption type
  Secret key;
};
struct NewKeys {
  int32_t version = 0;  // kvno
  std::vector<KerberosKey> keys;
};

// Pure: the request for new keys, and the reply. INTERNAL: not such a reply, over 16 keys, or a key
// over 64 bytes.
std::string EncodeKeytabRequest(const std::string& principal);
absl::StatusOr<NewKeys> DecodeKeytabReply(const Secret& reply);

// Makes new keys (the old ones are dead at once) and writes them to `path` (0600, replaced in one
// step). Errors: see LdapConnection::Extended; those of the file. Blocks.
absl::Status FetchKeytab(LdapConnection& directory, const std::string& principal,
                         const std::string& path, const Call& call);

}  // namespace innkeeper
