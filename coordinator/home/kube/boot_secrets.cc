#include "coordinator/home/kube/boot_secrets.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "coordinator/admission/user_data/compose.h"
#include "guest/scripts.h"

namespace innkeeper {
namespace {

using Json = nlohmann::json;

Json SecretOf(const BootVm& vm, const std::string& name, const char* part) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata",
           {{"name", name},
            {"namespace", vm.key.space},
            {"labels", {{kSecretLabel, part}}},
            {"ownerReferences", Json::array({{{"apiVersion", "kubevirt.io/v1"},
                                              {"kind", "VirtualMachine"},
                                              {"name", vm.key.name},
                                              {"uid", vm.uid.text}}})}}},
          {"type", "Opaque"}};
}

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

std::string IdleDiskSecret(const BootVm& vm, IdleDisk state) {
  Json secret = SecretOf(vm, vm.secrets.join, "join");
  const bool enrolled = state == IdleDisk::kEnrolled;
  secret["data"] = {
      {"settings", absl::Base64Escape(Line("state", enrolled ? "enrolled" : "pending"))}};
  return secret.dump();
}

Secret LoadedDiskSecret(const BootVm& vm, const JoinJob& job, const BootFacts& facts) {
  Json secret = SecretOf(vm, vm.secrets.join, "join");
  secret["data"] = {{"settings", absl::Base64Escape(Settings(job, facts))},
                    {"join", absl::Base64Escape(JoinScript())}};
  // The password is put into the finished text, so that it lies in no tree of small strings.
  constexpr char kPlace[] = "@password@";
  secret["data"]["password"] = kPlace;
  std::string text = secret.dump();
  std::string password(job.password.Reveal());
  password += '\n';
  std::string encoded = absl::Base64Escape(password);
  WipeString(password);
  const size_t place = text.rfind(kPlace);
  std::string whole;
  whole.reserve(text.size() + encoded.size());
  whole.append(text, 0, place).append(encoded).append(text, place + sizeof kPlace - 1);
  WipeString(encoded);
  return Secret(std::move(whole));
}

std::string UserDataSecret(const BootVm& vm, std::string_view user) {
  Json secret = SecretOf(vm, vm.secrets.user_data, "user-data");
  secret["data"] = {{"userdata", absl::Base64Escape(Compose(user, BootHook()).bytes)}};
  return secret.dump();
}

}  // namespace innkeeper
