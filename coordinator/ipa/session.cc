#include "coordinator/ipa/session.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/ipa/ipa_errors.h"

namespace innkeeper {
namespace {

// A login takes 0.1 s; a server that needs longer than this is sick.
constexpr Duration kLongestLogin = std::chrono::seconds(10);
constexpr char kCookieName[] = "ipa_session=";
constexpr size_t kLongestCookie = 8192;  // bytes; FreeIPA's have about 500

// application/x-www-form-urlencoded.
void AppendForm(std::string& to, const std::string& name, std::string_view value) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  if (!to.empty()) to += '&';
  to += name + "=";
  for (const unsigned char c : value) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      to += static_cast<char>(c);
    } else {
      to += '%';
      to += kDigits[c >> 4];
      to += kDigits[c & 15];
    }
  }
}

// The session cookie of a reply, as it goes back; empty: none, or taken back.
std::string CookieOf(const HttpReply& reply) {
  for (const auto& [name, value] : reply.headers) {
    if (name != "set-cookie" || value.rfind(kCookieName, 0) != 0) continue;
    const std::string cookie = value.substr(0, value.find(';'));
    const bool clean = std::all_of(cookie.begin(), cookie.end(),
                                   [](unsigned char c) { return c > 0x20 && c < 0x7f; });
    if (clean && cookie.size() > sizeof kCookieName - 1 && cookie.size() <= kLongestCookie)
      return cookie;
  }
  return "";
}

absl::Status Untrusted(const absl::Status& failure, const std::string& server) {
  absl::Status status =
      absl::UnavailableError("the certificate of " + server +
                             " does not verify against the CA: " + std::string(failure.message()));
  status.SetPayload(kUntrustedServer, absl::Cord());
  return status;
}

}  // namespace

void LoginBrake::Refused(const absl::Status& why) {
  refusal_.With([&](auto& r) { r = Refusal{why, clock_.Monotonic() + kHold}; });
}

absl::Status LoginBrake::Check() const {
  return refusal_.With([&](std::optional<Refusal>& r) {
    if (r && clock_.Monotonic() >= r->until) r.reset();
    return r ? r->why : absl::OkStatus();
  });
}

IpaSession::IpaSession(std::string server, std::string kdc, HttpClient& http, LoginParts login)
    : server_(std::move(server)), kdc_(std::move(kdc)), http_(http), parts_(login) {}

absl::StatusOr<HttpReply> IpaSession::Post(const std::string& body, const Call& call) {
  absl::StatusOr<HttpReply> reply = PostLoggedIn(body, call);
  // An unreadable keytab or CA file. The code itself means something else to IpaClient's callers.
  if (absl::IsFailedPrecondition(reply.status()))
    return absl::PermissionDeniedError(reply.status().message());
  return reply;
}

absl::StatusOr<HttpReply> IpaSession::PostLoggedIn(const std::string& body, const Call& call) {
  ASSIGN_OR_RETURN(Login login, LoggedIn(0, call));
  ASSIGN_OR_RETURN(HttpReply reply, Send(login.cookie, body, call));
  if (NeedsLogin(reply)) {
    ASSIGN_OR_RETURN(login, LoggedIn(login.generation, call));
    ASSIGN_OR_RETURN(reply, Send(login.cookie, body, call));
    if (NeedsLogin(reply)) {
      Expire();
      return HttpProblem(reply);
    }
  }
  if (reply.status == 200) return reply;
  const absl::Status problem = HttpProblem(reply);
  return absl::IsUnavailable(problem) ? WithOutcomeUnknown(problem) : problem;
}

void IpaSession::Expire() {
  const std::scoped_lock lock(mutex_);
  login_.cookie.clear();
}

// A login whose generation is newer than the one that was refused. One caller logs in, the others
// wait for it; when it fails, one of them may try for itself.
absl::StatusOr<IpaSession::Login> IpaSession::LoggedIn(uint64_t newer_than, const Call& call) {
  std::unique_lock lock(mutex_);
  const auto usable = [&] { return !login_.cookie.empty() && login_.generation > newer_than; };
  changed_.wait_until(lock, call.stop, call.deadline, [&] { return usable() || !logging_in_; });
  if (usable()) return login_;
  RETURN_IF_ERROR(call.Check("log in at " + server_));
  RETURN_IF_ERROR(parts_.brake->Check());
  logging_in_ = true;
  lock.unlock();
  absl::StatusOr<std::string> cookie = LogIn(call.AtMost(kLongestLogin));
  lock.lock();
  logging_in_ = false;
  if (cookie.ok()) login_ = {login_.generation + 1, *std::move(cookie)};
  const absl::StatusOr<Login> result =
      cookie.ok() ? absl::StatusOr<Login>(login_) : absl::StatusOr<Login>(cookie.status());
  lock.unlock();
  changed_.notify_all();
  return result;
}

absl::StatusOr<std::string> IpaSession::LogIn(const Call& call) {
  absl::StatusOr<HttpReply> reply = RequestLogin(call);
  absl::Status outcome = reply.ok() ? LoginProblem(*reply, AccountName()) : reply.status();
  std::string cookie;
  if (outcome.ok()) {
    cookie = CookieOf(*reply);
    if (cookie.empty()) outcome = absl::InternalError(server_ + " gives no session cookie");
  }
  parts_.metrics->CountLogin(outcome);
  if (!outcome.ok() && parts_.tickets) parts_.tickets->Discard();
  if (absl::IsPermissionDenied(outcome)) {
    parts_.brake->Refused(outcome);
    LogError("FreeIPA refused the login; not trying again for 15 minutes",
             {{"server", server_}, {"account", AccountName()}, {"error", outcome}});
  }
  if (!outcome.ok()) return outcome;
  return cookie;
}

absl::StatusOr<HttpReply> IpaSession::RequestLogin(const Call& call) {
  absl::StatusOr<HttpReply> reply = absl::InternalError("no account");
  if (parts_.password) {
    HttpRequest request = Request("/session/login_password");
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace_back("Accept", "text/plain");
    const std::string_view password = parts_.password->password.Reveal();
    request.body.reserve(64 + 3 * (parts_.password->user.size() + password.size()));
    AppendForm(request.body, "user", parts_.password->user);
    AppendForm(request.body, "password", password);
    request.secret_body = true;
    reply = http_.Send(std::move(request), call);
  } else {
    ASSIGN_OR_RETURN(const TicketSource::Hold hold, parts_.tickets->Get(server_, kdc_, call));
    HttpRequest request = Request("/session/login_kerberos");
    request.login = HttpRequest::Login::kNegotiate;
    reply = http_.Send(std::move(request), call);
  }
  if (absl::IsPermissionDenied(reply.status())) return Untrusted(reply.status(), server_);
  return reply;
}

absl::StatusOr<HttpReply> IpaSession::Send(const std::string& cookie, const std::string& body,
                                           const Call& call) {
  HttpRequest request = Request("/session/json");
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", "application/json");
  request.headers.emplace_back("Cookie", cookie);
  request.body = body;
  absl::StatusOr<HttpReply> reply = http_.Send(std::move(request), call);
  if (reply.ok()) return reply;
  if (absl::IsPermissionDenied(reply.status())) return Untrusted(reply.status(), server_);
  // A reply that is too large is a reply: it was sent.
  const bool sent = WasSent(reply.status()) || absl::IsResourceExhausted(reply.status());
  return sent ? WithOutcomeUnknown(reply.status()) : reply.status();
}

HttpRequest IpaSession::Request(const std::string& path) const {
  HttpRequest request;
  request.method = "POST";
  request.url = "https://" + server_ + "/ipa" + path;
  request.headers.emplace_back("Referer", "https://" + server_ + "/ipa");
  return request;
}

std::string IpaSession::AccountName() const {
  return parts_.password ? parts_.password->user : "the service account";
}

}  // namespace innkeeper
