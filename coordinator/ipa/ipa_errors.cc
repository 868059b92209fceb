#include "coordinator/ipa/ipa_errors.h"

#include <algorithm>
#include <array>

#include "base/http_client/http_client.h"

namespace innkeeper {
namespace {

struct CodeRange {
  int first, last;
  IpaErrorClass error_class;
};

// Ordered by code; the first range that holds the code decides.
constexpr auto kCodes = std::to_array<CodeRange>({
    {901, 901, IpaErrorClass::kFix},      // VersionError: another major API version
    {903, 904, IpaErrorClass::kAgain},    // InternalError, ServerInternalError
    {905, 905, IpaErrorClass::kFix},      // CommandError: unknown command
    {907, 908, IpaErrorClass::kAgain},    // NetworkError, ServerNetworkError
    {909, 909, IpaErrorClass::kFix},      // JSONError
    {911, 911, IpaErrorClass::kFix},      // RefererError
    {1000, 1107, IpaErrorClass::kLogin},  // authentication, Kerberos, credential cache
    {1200, 1204, IpaErrorClass::kAlert},  // session, password expired, account locked
    {2000, 2199, IpaErrorClass::kAlert},  // authorization: ACIError
    {3004, 3009, IpaErrorClass::kFix},    // arguments, options, conversion, validation
    {4001, 4001, IpaErrorClass::kNotFound},
    {4002, 4002, IpaErrorClass::kConflict},     // DuplicateEntry
    {4009, 4010, IpaErrorClass::kAlreadySo},    // AlreadyActive, AlreadyInactive
    {4016, 4016, IpaErrorClass::kAgain},        // RemoteRetrieveError: CA down
    {4019, 4019, IpaErrorClass::kFix},          // DNSNotARecordError
    {4026, 4026, IpaErrorClass::kAlreadySo},    // AttrValueNotFound
    {4201, 4201, IpaErrorClass::kAgainAtOnce},  // MidairCollision
    {4202, 4202, IpaErrorClass::kAlreadySo},    // EmptyModlist
    {4203, 4203, IpaErrorClass::kAgain},        // DatabaseError
    {4204, 4204, IpaErrorClass::kTooMuch},      // LimitsExceeded
    {4211, 4211, IpaErrorClass::kAgain},        // DatabaseTimeout
    {4213, 4213, IpaErrorClass::kAgain},        // TaskTimeout
    {4214, 4216, IpaErrorClass::kTooMuch},      // time, size and administrative limits
    {4301, 4301, IpaErrorClass::kAgain},        // CertificateOperationError: CA down
    {4304, 4304, IpaErrorClass::kAlreadySo},    // NonFatalError
    {4401, 4401, IpaErrorClass::kFix},          // DNSResolverError
});

absl::StatusCode CodeFor(IpaErrorClass error_class) {
  switch (error_class) {
    case IpaErrorClass::kAlreadySo:
      return absl::StatusCode::kFailedPrecondition;
    case IpaErrorClass::kAgain:
    case IpaErrorClass::kLogin:
      return absl::StatusCode::kUnavailable;
    case IpaErrorClass::kAgainAtOnce:
      return absl::StatusCode::kAborted;
    case IpaErrorClass::kNotFound:
      return absl::StatusCode::kNotFound;
    case IpaErrorClass::kConflict:
      return absl::StatusCode::kAlreadyExists;
    case IpaErrorClass::kTooMuch:
      return absl::StatusCode::kResourceExhausted;
    case IpaErrorClass::kFix:
      return absl::StatusCode::kInvalidArgument;
    case IpaErrorClass::kAlert:
      return absl::StatusCode::kPermissionDenied;
    case IpaErrorClass::kUnknown:
      break;
  }
  return absl::StatusCode::kInternal;
}

constexpr char kReasonHeader[] = "x-ipa-rejection-reason";

// A reason is one of a handful of words; anything else from the peer is not worth repeating.
std::string SafeReason(const std::string& reason) {
  const bool safe = !reason.empty() && reason.size() <= 64 &&
                    std::all_of(reason.begin(), reason.end(), [](unsigned char c) {
                      return std::isalnum(c) || c == '-' || c == ' ';
                    });
  return safe ? reason : "unnamed reason";
}

std::string Http(int status) { return "HTTP " + std::to_string(status); }

bool IsServerTrouble(int status) { return status >= 500 && status <= 599; }

}  // namespace

IpaErrorClass ClassOf(int code) {
  for (const CodeRange& range : kCodes) {
    if (code >= range.first && code <= range.last) return range.error_class;
  }
  return IpaErrorClass::kUnknown;
}

bool LeavesNothingBehind(IpaErrorClass error_class) {
  return error_class != IpaErrorClass::kAgain && error_class != IpaErrorClass::kUnknown;
}

absl::Status StatusOf(const IpaError& error) {
  return absl::Status(CodeFor(ClassOf(error.code)), "FreeIPA error " + std::to_string(error.code) +
                                                        " " + error.name + ": " + error.message);
}

bool NeedsLogin(const HttpReply& reply) {
  return reply.status == 401 && reply.Header(kReasonHeader).empty();
}

absl::Status HttpProblem(const HttpReply& reply) {
  if (reply.status == 401) {
    const std::string reason = reply.Header(kReasonHeader);
    if (reason.empty()) return absl::UnavailableError("FreeIPA does not accept its own session");
    return absl::PermissionDeniedError("FreeIPA refuses the account: " + SafeReason(reason));
  }
  if (IsServerTrouble(reply.status))
    return absl::UnavailableError("FreeIPA is in trouble: " + Http(reply.status));
  return absl::InternalError("FreeIPA does not understand the request: " + Http(reply.status));
}

absl::Status LoginProblem(const HttpReply& reply, const std::string& account) {
  if (reply.status == 200) return absl::OkStatus();
  if (IsServerTrouble(reply.status))
    return absl::UnavailableError("FreeIPA cannot check logins now: " + Http(reply.status));
  if (reply.status != 401)
    return absl::InternalError("FreeIPA does not understand the login: " + Http(reply.status));
  const std::string reason = reply.Header(kReasonHeader);
  if (reason == "password-expired")
    return absl::PermissionDeniedError(
        "the password of " + account +
        " has expired: set a new one as that user, or use a keytab (password-expired)");
  if (reason == "invalid-password")
    return absl::PermissionDeniedError("FreeIPA refuses the login of " + account +
                                       ": wrong password, or the account is unknown, locked or "
                                       "disabled (invalid-password)");
  if (reason.empty())
    return absl::UnavailableError("this server does not accept the Kerberos ticket of " + account);
  return absl::PermissionDeniedError("FreeIPA refuses the login of " + account + ": " +
                                     SafeReason(reason));
}

}  // namespace innkeeper
