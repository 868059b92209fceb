#include "agent/guest_script.h"

#include <openssl/evp.h>

#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "guest/scripts.h"

namespace innkeeper {
namespace {

constexpr char kMarker[] = "#--innkeeper-parameters--\n";

std::string Base64(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

// Lines of "key=value" behind the script, in one buffer that is zeroed with the command.
class Parameters {
 public:
  // `room`: bytes kept free for the values, so that the buffer never moves: a moved-from buffer
  // would keep the password in freed memory.
  Parameters(const std::string& script, size_t room) {
    input_.reserve(script.size() + sizeof kMarker + room);
    input_ += script;
    if (!script.ends_with('\n')) input_ += '\n';
    input_ += kMarker;
  }

  void Add(const char* key, std::string_view value) {
    for (const char c : value) {
      if (static_cast<unsigned char>(c) < 0x20) bad_ = key;
    }
    ((input_ += key) += '=').append(value);
    input_ += '\n';
  }

  absl::StatusOr<GuestCommand> Finish() {
    input_ += "end\n";
    GuestCommand command;
    command.path = "/bin/sh";
    command.arguments = {"-c", Bootstrap()};
    command.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                           "HOME=/root", "LANG=C.UTF-8"};
    command.input = Secret(std::move(input_));
    if (!bad_.empty()) {
      return absl::InvalidArgumentError("parameter " + bad_ + " has a control character");
    }
    return command;
  }

 private:
  std::string input_;
  std::string bad_;
};

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

absl::StatusOr<GuestCommand> JoinCommand(const agent::v1::Enroll& enroll, int64_t seconds) {
  const std::string ca = Base64(enroll.ca());
  const std::string servers = Joined(enroll.servers());
  Parameters parameters(JoinScript(), ca.size() + servers.size() + enroll.ByteSizeLong() + 1024);
  parameters.Add("attempt", enroll.attempt());
  parameters.Add("fqdn", enroll.fqdn());
  parameters.Add("domain", enroll.domain());
  parameters.Add("realm", enroll.realm());
  parameters.Add("servers", servers);
  parameters.Add("ca", ca);
  parameters.Add("install", enroll.may_install() ? "yes" : "no");
  parameters.Add("timeout", std::to_string(seconds));
  if (enroll.password().empty()) {
    parameters.Add("resume", enroll.begins_by_itself() ? "look" : "yes");
  } else {
    parameters.Add("password", enroll.password());
  }
  return parameters.Finish();
}

absl::StatusOr<GuestCommand> LeaveCommand(const agent::v1::Leave& leave, bool resume) {
  Parameters parameters(LeaveScript(), leave.ByteSizeLong() + 1024);
  parameters.Add("attempt", leave.attempt());
  parameters.Add("fqdn", leave.fqdn());
  parameters.Add("realm", leave.realm());
  if (resume) parameters.Add("resume", "yes");
  return parameters.Finish();
}

absl::StatusOr<GuestCommand> VerifyCommand(const agent::v1::Verify& verify) {
  Parameters parameters(VerifyScript(), verify.ByteSizeLong() + 1024);
  parameters.Add("fqdn", verify.fqdn());
  parameters.Add("domain", verify.domain());
  parameters.Add("realm", verify.realm());
  parameters.Add("user", verify.user().empty() ? "admin" : verify.user());
  return parameters.Finish();
}

}  // namespace innkeeper
