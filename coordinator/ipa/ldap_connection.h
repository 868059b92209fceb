#pragma once
// One LDAPS connection to a FreeIPA server, for the two things its JSON-RPC cannot do: making keys
// and, in tests, joining a host. Only `ipa setup` and tests use it.

#include <memory>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/secret.h"
#include "base/status.h"

struct ldap;

namespace innkeeper {

class LdapConnection {
 public:
  struct Target {
    std::string server;   // FQDN that the certificate must name
    std::string address;  // where to connect; empty: as `server` resolves
    std::string ca_file;  // PEM
  };
  // Connects, verifies the certificate, binds. UNAVAILABLE: no connection, or the certificate does
  // not verify; PERMISSION_DENIED: wrong DN or password. Blocks.
  static absl::StatusOr<std::unique_ptr<LdapConnection>> Bind(const Target& target,
                                                              const std::string& dn,
                                                              const Secret& password,
                                                              const Call& call);
  ~LdapConnection();
  LdapConnection(const LdapConnection&) = delete;
  LdapConnection& operator=(const LdapConnection&) = delete;

  // Runs an extended operation; the value of the reply's control of the same OID, or empty.
  // PERMISSION_DENIED: insufficient access; INVALID_ARGUMENT: refused with the server's words.
  absl::StatusOr<Secret> Extended(const std::string& oid, const std::string& value,
                                  const Call& call);

 private:
  explicit LdapConnection(ldap* handle) : handle_(handle) {}
  absl::Status Check(int code, const std::string& doing) const;
  ldap* const handle_;
};

}  // namespace innkeeper
