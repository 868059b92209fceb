#pragma once
// A FreeIPA server made of recorded answers, behind a FakeHttpClient: logins, sessions that end,
// and commands answered one by one, alone or inside a batch.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "coordinator/ipa/testing/fake_http_client.h"

namespace innkeeper {

// Bodies as a real server sent them.
HttpReply LoginAccepted(const std::string& cookie);
HttpReply LoginRefused(const std::string& reason);
HttpReply SessionExpired();  // 401, empty body, the cookie taken back
HttpReply CookieUnknown();   // 401, WWW-Authenticate: Negotiate, HTML
HttpReply ServerError(int status);
HttpReply IpaJson(std::string body);

class ScriptedIpa {
 public:
  // One command's own part of a reply: `{"result": .., "summary": ..}`, or an error.
  struct Result {
    std::string object;  // JSON; used when code is 0
    int code = 0;
    std::string name, message, field;
  };
  using Command = std::function<Result(const std::string& method, const std::string& params)>;

  explicit ScriptedIpa(Command command) : command_(std::move(command)) {}

  FakeHttpClient::Answer answer() {
    return [this](const HttpRequest& request, const Call& call) { return Answer(request, call); };
  }
  // Called for each request before anything else; an engaged result is the answer.
  std::function<std::optional<absl::StatusOr<HttpReply>>(const HttpRequest&, const Call&)>
      intercept;

  void EndSessions() { ++generation_; }
  int logins() const { return logins_; }

 private:
  absl::StatusOr<HttpReply> Answer(const HttpRequest& request, const Call& call);
  std::string Envelope(const std::string& body);

  const Command command_;
  std::atomic<int> generation_ = 0;
  std::atomic<int> logins_ = 0;
};

// {"result": {"fqdn": [..], ..}, "value": .., "summary": null}
std::string HostJson(const std::string& fqdn, const std::string& more = "");

}  // namespace innkeeper
