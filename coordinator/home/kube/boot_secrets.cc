#include "coordinator/home/kube/boot_secrets.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "coordinator/admission/user_data/compose.h"
#include "guest/scripts.h"

namespace innkeeper {
namespace {

using Json = nlohmann::json;

constexpr char kPlace[] = "@data@";  // no name of an object has such letters

std::string Line(const char* key, const std::string& value) {
  return std::string(key) + "=" + value + "\n";
}

std::string Settings(const JoinJob& job, const BootFacts& facts) {
  std::string servers = job.server;
  for (const std::string& server : facts.servers) {
    if (server == job.server) continue;
    if (!servers.empty()) servers += ' ';
    servers += server;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(facts.timeout);
  return Line("state", "ready") + Line("attempt", job.attempt) + Line("fqdn", job.fqdn.text) +
         Line("domain", facts.domain) + Line("realm", facts.realm) + Line("servers", servers) +
         Line("ca", absl::Base64Escape(facts.ca)) +
         Line("install", job.may_install ? "yes" : "no") +
         Line("timeout", std::to_string(seconds.count()));
}

}  // namespace

BootSecret IdleDiskSecret(const BootVm& vm, IdleDisk state) {
  const bool enrolled = state == IdleDisk::kEnrolled;
  const std::string settings = Line("state", enrolled ? "enrolled" : "pending");
  return {vm.secrets.join, "join", Secret(Json{{"settings", absl::Base64Escape(settings)}}.dump())};
}

BootSecret LoadedDiskSecret(const BootVm& vm, const JoinJob& job, const BootFacts& facts) {
  std::string password(job.password.Reveal());
  password += '\n';
  std::string encoded = absl::Base64Escape(password);
  WipeString(password);
  std::string text = R"({"settings":")" + absl::Base64Escape(Settings(job, facts)) +
                     R"(","join":")" + absl::Base64Escape(JoinScript()) + R"(","password":")";
  text.reserve(text.size() + encoded.size() + 2);
  text.append(encoded).append("\"}");
  WipeString(encoded);
  return {vm.secrets.join, "join", Secret(std::move(text))};
}

BootSecret UserDataSecret(const BootVm& vm, std::string_view user) {
  const std::string composed = absl::Base64Escape(Compose(user, BootHook()).bytes);
  return {vm.secrets.user_data, "user-data", Secret(Json{{"userdata", composed}}.dump())};
}

// The data is put into the finished text, so that a password lies in no tree of small strings.
Secret ObjectOf(const BootVm& vm, const BootSecret& secret) {
  const std::string around = Json{
      {"apiVersion", "v1"},
      {"kind", "Secret"},
      {"metadata",
       {{"name", secret.name},
        {"namespace", vm.key.space},
        {"labels", {{kSecretLabel, secret.part}}},
        {"ownerReferences", Json::array({{{"apiVersion", "kubevirt.io/v1"},
                                          {"kind", "VirtualMachine"},
                                          {"name", vm.key.name},
                                          {"uid", vm.uid.text}}})}}},
      {"type", "Opaque"},
      {"data", kPlace}}.dump();
  const size_t place = around.find(Json(kPlace).dump());
  std::string whole;
  whole.reserve(around.size() + secret.data.Reveal().size());
  whole.append(around, 0, place).append(secret.data.Reveal());
  whole.append(around, place + sizeof kPlace + 1);
  return Secret(std::move(whole));
}

}  // namespace innkeeper
