#pragma once
// What FreeIPA says when it refuses, and what that means for the caller. Codes: ipalib/errors.py of
// FreeIPA 4.12, tried against a real server.

#include <string>

#include "base/status.h"

namespace innkeeper {

struct HttpReply;

// One error of one command, as the reply carries it.
struct IpaError {
  int code = 0;
  std::string name;     // "DuplicateEntry"
  std::string message;  // for people; capped, may repeat values that the caller sent
  std::string field;    // which parameter a validation error is about, else empty
};

enum class IpaErrorClass {
  kAlreadySo,    // the wished state holds already
  kAgain,        // the server is in trouble: back off, try another one
  kAgainAtOnce,  // two writers collided
  kLogin,        // the session died: log in once, then again
  kNotFound,
  kConflict,  // something of that name is there: look, then decide
  kTooMuch,   // a limit of the server: back off, ask for less
  kFix,       // final until the values or the configuration change
  kAlert,     // a person must act: a right is missing, the account is locked
  kUnknown,   // a code this program does not know
};
IpaErrorClass ClassOf(int code);

// True when nothing was changed by a command that failed like this; false when the server broke
// somewhere on the way and a write may be there or may still come.
bool LeavesNothingBehind(IpaErrorClass error_class);

// The contract's status for the error (coordinator/guests/ipa_client.h). kAlreadySo is
// FAILED_PRECONDITION: only the caller of a command knows whether that is a success.
absl::Status StatusOf(const IpaError& error);

// For replies of /ipa/session/json that are not HTTP 200. UNAVAILABLE: 5xx (the directory is down)
// and a 401 that a login should have prevented; PERMISSION_DENIED: 401 with a rejection reason;
// INTERNAL: 400 and the rest.
absl::Status HttpProblem(const HttpReply& reply);
// True for the two forms of 401 that a new login repairs: no or foreign cookie (Negotiate), and an
// expired session (empty body, the cookie taken back). Nothing ran: replaying is safe.
bool NeedsLogin(const HttpReply& reply);

// The reply to a login. OK: logged in. PERMISSION_DENIED: refused, with FreeIPA's reason in the
// message; trying again the same way can lock the account. UNAVAILABLE: the server cannot tell now
// (its KDC or directory is down), or takes no ticket from anyone. INTERNAL: 400 and other nonsense.
absl::Status LoginProblem(const HttpReply& reply, const std::string& account);

}  // namespace innkeeper
