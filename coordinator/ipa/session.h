#pragma once
// The login at one FreeIPA server: a cookie that is used until the server takes it back, renewed by
// one login however many callers need it, and never by trying a refused password again.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "base/call.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/http_client/http_client.h"
#include "base/secret.h"
#include "coordinator/ipa/ipa_metrics.h"
#include "coordinator/ipa/kerberos_tickets.h"

namespace innkeeper {

struct PasswordAccount {
  std::string user;
  Secret password;
};

// Keeps a refused account from being tried again: six wrong passwords lock it. Shared by the
// sessions of all servers. Thread-safe.
class LoginBrake {
 public:
  // A refusal holds this long; a new configuration means a new process and a new brake.
  static constexpr Duration kHold = std::chrono::minutes(15);
  explicit LoginBrake(const Clock& clock) : clock_(clock) {}
  void Refused(const absl::Status& why);
  // The refusal that still holds, or OK.
  absl::Status Check() const;

 private:
  struct Refusal {
    absl::Status why;
    MonotonicTime until;
  };
  const Clock& clock_;
  mutable Guarded<std::optional<Refusal>> refusal_;
};

// What every session of the program shares. All outlive the sessions.
struct LoginParts {
  const PasswordAccount* password = nullptr;  // exactly one of the two
  TicketSource* tickets = nullptr;
  LoginBrake* brake = nullptr;
  IpaMetrics* metrics = nullptr;
};

class IpaSession {
 public:
  // `server` is the server's own FQDN (Referer and Kerberos name), `kdc` where its KDC is reached.
  IpaSession(std::string server, std::string kdc, HttpClient& http, LoginParts login);

  // POSTs a JSON body to /ipa/session/json, logging in first if need be. A reply that says the
  // session is gone leads to exactly one new login and the same request again (nothing ran). Only
  // HTTP 200 is OK. A failure carries OutcomeUnknown when the body may have reached the server.
  // Errors: see HttpProblem and LoginProblem; UNAVAILABLE with kUntrustedServer when the server's
  // certificate does not verify. Blocks; thread-safe.
  absl::StatusOr<HttpReply> Post(const std::string& body, const Call& call);

  // The server said, inside a reply, that the login is dead: log in before the next request.
  void Expire();

 private:
  struct Login {
    uint64_t generation = 0;  // counts logins; 0: never
    std::string cookie;
  };
  absl::StatusOr<HttpReply> PostLoggedIn(const std::string& body, const Call& call);
  absl::StatusOr<Login> LoggedIn(uint64_t newer_than, const Call& call);
  absl::StatusOr<std::string> LogIn(const Call& call);
  absl::StatusOr<HttpReply> RequestLogin(const Call& call);
  absl::StatusOr<HttpReply> Send(const std::string& cookie, const std::string& body,
                                 const Call& call);
  HttpRequest Request(const std::string& path) const;
  std::string AccountName() const;

  const std::string server_, kdc_;
  HttpClient& http_;
  const LoginParts parts_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool logging_in_ = false;  // mutex_
  Login login_;              // mutex_
};

// Payload of a failure whose server could not prove who it is.
inline constexpr char kUntrustedServer[] = "innkeeper/untrusted-server";

}  // namespace innkeeper
