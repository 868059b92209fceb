#include "coordinator/ipa/ldap_connection.h"

#include <fcntl.h>
#include <ldap.h>
#include <openldap.h>
#include <openssl/crypto.h>

#include <cstring>

#include "coordinator/ipa/tcp_connect.h"

namespace innkeeper {
namespace {

constexpr int kLdapsPort = 636;

timeval TimeLeft(const Call& call) {
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(call.Remaining());
  return {static_cast<time_t>(left.count() / 1'000'000), left.count() % 1'000'000};
}

absl::StatusCode CodeOf(int code) {
  switch (code) {
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_INAPPROPRIATE_AUTH:
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_NO_SUCH_OBJECT:
      return absl::StatusCode::kPermissionDenied;
    case LDAP_SERVER_DOWN:
    case LDAP_CONNECT_ERROR:
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
      return absl::StatusCode::kUnavailable;
    case LDAP_TIMEOUT:
      return absl::StatusCode::kDeadlineExceeded;
    default:
      return absl::StatusCode::kInvalidArgument;
  }
}

absl::Status SetOptions(LDAP* handle, const std::string& ca_file, const Call& call) {
  const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_HARD, server = 0;
  const timeval limit = TimeLeft(call);
  const bool set =
      ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_SUCCESS &&
      ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &limit) == LDAP_SUCCESS &&
      ldap_set_option(handle, LDAP_OPT_TIMEOUT, &limit) == LDAP_SUCCESS &&
      ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_SUCCESS &&
      ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, ca_file.c_str()) == LDAP_SUCCESS &&
      ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_SUCCESS &&
      ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &server) == LDAP_SUCCESS;
  return set ? absl::OkStatus() : absl::InternalError("LDAP: the CA file is not usable");
}

// The value of the control `oid`; its own buffer is zeroed, for it may hold keys.
Secret TakeControl(LDAPControl** controls, const std::string& oid) {
  Secret found;
  for (LDAPControl** at = controls; at && *at; ++at) {
    if (oid != (*at)->ldctl_oid) continue;
    berval& value = (*at)->ldctl_value;
    found = Secret(std::string(value.bv_val, value.bv_len));
    OPENSSL_cleanse(value.bv_val, value.bv_len);
  }
  return found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LdapConnection>> LdapConnection::Bind(const Target& target,
                                                                     const std::string& dn,
                                                                     const Secret& password,
                                                                     const Call& call) {
  const std::string& address = target.address.empty() ? target.server : target.address;
  ASSIGN_OR_RETURN(SocketFd socket, ConnectTcp(address, kLdapsPort, call));
  // libldap waits with poll on a blocking socket.
  fcntl(socket.get(), F_SETFL, fcntl(socket.get(), F_GETFL) & ~O_NONBLOCK);
  LDAP* handle = nullptr;
  const std::string url = "ldaps://" + target.server + ":" + std::to_string(kLdapsPort);
  if (ldap_init_fd(socket.get(), LDAP_PROTO_TCP, url.c_str(), &handle) != LDAP_SUCCESS)
    return absl::InternalError("LDAP does not start");
  socket.Release();
  std::unique_ptr<LdapConnection> connection(new LdapConnection(handle));
  RETURN_IF_ERROR(SetOptions(handle, target.ca_file, call));
  RETURN_IF_ERROR(connection->Check(ldap_install_tls(handle), "verify " + target.server));
  std::string bytes(password.Reveal());
  berval credentials{bytes.size(), bytes.data()};
  const int bound = ldap_sasl_bind_s(handle, dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr,
                                     nullptr, nullptr);
  WipeString(bytes);
  RETURN_IF_ERROR(connection->Check(bound, "bind as " + dn));
  return connection;
}

LdapConnection::~LdapConnection() {
  if (handle_) ldap_unbind_ext(handle_, nullptr, nullptr);
}

absl::StatusOr<Secret> LdapConnection::Extended(const std::string& oid, const std::string& value,
                                                const Call& call) {
  std::string bytes = value;
  berval request{bytes.size(), bytes.data()};
  int id = 0;
  RETURN_IF_ERROR(
      Check(ldap_extended_operation(handle_, oid.c_str(), &request, nullptr, nullptr, &id),
            "extended operation"));
  timeval limit = TimeLeft(call);
  LDAPMessage* message = nullptr;
  const int kind = ldap_result(handle_, id, LDAP_MSG_ALL, &limit, &message);
  if (kind == 0) return absl::DeadlineExceededError("LDAP does not answer");
  if (kind < 0) return absl::UnavailableError("the LDAP connection broke");
  int code = LDAP_OTHER;
  char* text = nullptr;
  LDAPControl** controls = nullptr;
  const int parsed = ldap_parse_result(handle_, message, &code, nullptr, &text, nullptr, &controls,
                                       /*freeit=*/1);
  const std::string words = text ? text : "";
  ldap_memfree(text);
  Secret control = TakeControl(controls, oid);
  if (controls) ldap_controls_free(controls);
  RETURN_IF_ERROR(Check(parsed, "read the reply"));
  if (code != LDAP_SUCCESS)
    return absl::Status(CodeOf(code), "FreeIPA's directory refuses: " + words);
  return control;
}

absl::Status LdapConnection::Check(int code, const std::string& doing) const {
  if (code == LDAP_SUCCESS) return absl::OkStatus();
  char* detail = nullptr;
  ldap_get_option(handle_, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
  std::string message = "LDAP, " + doing + ": " + ldap_err2string(code);
  if (detail && *detail) message += std::string(" (") + detail + ")";
  ldap_memfree(detail);
  return absl::Status(CodeOf(code), message);
}

}  // namespace innkeeper
