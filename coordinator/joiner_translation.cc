#include "coordinator/joiner_translation.h"

#include <yaml-cpp/yaml.h>

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/text.h"
#include "coordinator/guests/ids.h"
#include "coordinator/home/kube/joiner_marks.h"

namespace innkeeper {
namespace {

constexpr size_t kLongestName = 255;

// What becomes of it all, on the way.
struct Wanted {
  std::string domain, realm, finalizer, level;
  std::vector<std::string> servers;
};

class Translator {
 public:
  explicit Translator(const JoinerSettings& settings) : settings_(settings) {}

  absl::StatusOr<JoinerTranslation> Run() {
    RETURN_IF_ERROR(Domain());
    RETURN_IF_ERROR(Realm());
    RETURN_IF_ERROR(Servers());
    RETURN_IF_ERROR(Level());
    RETURN_IF_ERROR(Finalizer());
    Account();
    Rest();
    done_.yaml = Yaml();
    return std::move(done_);
  }

 private:
  // Its place and value, if it stands somewhere.
  const JoinerSetting* Find(const std::string& key) const {
    const auto at = settings_.values.find(key);
    return at == settings_.values.end() ? nullptr : &at->second;
  }
  static absl::Status Wrong(const JoinerSetting& at, const std::string& key,
                            const std::string& why) {
    return absl::InvalidArgumentError(at.place + ": " + key + ": " + why);
  }
  void Note(const JoinerSetting& at, const std::string& key, const std::string& became) {
    done_.notes.push_back({at.place, key, became});
  }

  absl::Status Domain() {
    const JoinerSetting* at = Find("domain");
    if (at == nullptr)
      return absl::InvalidArgumentError(
          "domain stands nowhere, and virt-ipa-joiner's own default is nobody's: add it to the "
          "file, or DOMAIN to the environment");
    const absl::StatusOr<Fqdn> domain = ParseFqdn(at->value, kLongestName);
    if (!domain.ok()) return Wrong(*at, "domain", std::string(domain.status().message()));
    wanted_.domain = domain->text;
    Note(*at, "domain", "ipa.domain: " + domain->text);
    return absl::OkStatus();
  }

  absl::Status Realm() {
    const JoinerSetting* at = Find("realm");
    if (at == nullptr) return absl::OkStatus();
    const absl::StatusOr<Fqdn> realm = ParseFqdn(at->value, kLongestName);
    if (!realm.ok()) return Wrong(*at, "realm", std::string(realm.status().message()));
    wanted_.realm = at->value;
    Note(*at, "realm", "ipa.realm: " + at->value);
    return absl::OkStatus();
  }

  absl::Status Servers() {
    const JoinerSetting* at = Find("ipa_host");
    if (at == nullptr) return absl::OkStatus();
    for (const auto& part : absl::StrSplit(at->value, ',')) {
      const std::string name(absl::StripAsciiWhitespace(part));
      if (name.empty()) continue;
      const absl::StatusOr<Fqdn> server = ParseFqdn(name, kLongestName);
      if (!server.ok()) return Wrong(*at, "ipa_host", std::string(server.status().message()));
      wanted_.servers.push_back(server->text);
    }
    Note(*at, "ipa_host", "ipa.servers, tried after those that DNS names, as before");
    return absl::OkStatus();
  }

  absl::Status Level() {
    const JoinerSetting* at = Find("log_level");
    if (at == nullptr) return absl::OkStatus();
    static const std::map<std::string, std::string> kLevels{
        {"debug", "debug"},  {"info", "info"},   {"warning", "warning"},
        {"warn", "warning"}, {"error", "error"}, {"critical", "error"}};
    const auto level = kLevels.find(absl::AsciiStrToLower(at->value));
    if (level == kLevels.end())
      return Wrong(*at, "log_level", "not DEBUG, INFO, WARNING, ERROR or CRITICAL");
    wanted_.level = level->second;
    Note(*at, "log_level", "log.level: " + level->second);
    return absl::OkStatus();
  }

  absl::Status Finalizer() {
    const JoinerSetting* at = Find("finalizer_name");
    if (at == nullptr) return absl::OkStatus();
    const bool plain = at->value.size() <= kLongestName && IsUtf8(at->value) &&
                       Printable(at->value) == at->value &&
                       at->value.find('/') != std::string::npos;
    if (!plain) return Wrong(*at, "finalizer_name", "not the name of a finalizer, domain/name");
    wanted_.finalizer = at->value;
    Note(*at, "finalizer_name", "virt_ipa_joiner.finalizer: " + at->value);
    return absl::OkStatus();
  }

  void Account() {
    constexpr char kSetup[] =
        "not taken over: `innkeeper-coordinator ipa setup` makes an account that can change this "
        "cluster's hosts alone";
    if (const JoinerSetting* at = Find("ipa_user")) Note(*at, "ipa_user", kSetup);
    if (!settings_.password_place.empty())
      done_.notes.push_back({settings_.password_place, "ipa_pass",
                             std::string(kSetup) + "; change this password once all is moved"});
  }

  void Rest() {
    if (const JoinerSetting* at = Find("ipa_verify_ssl"))
      Note(*at, "ipa_verify_ssl",
           "nothing like it: a server's certificate is always verified, by ipa.ca_file");
    if (settings_.os_map_place)
      done_.notes.push_back({*settings_.os_map_place, "os_map",
                             "nothing like it: the guest itself says which system it is, when it "
                             "joins"});
    for (const std::string& unknown : settings_.unknown) {
      const size_t colon = unknown.rfind(": ");
      done_.notes.push_back({unknown.substr(0, colon), unknown.substr(colon + 2),
                             "not one of virt-ipa-joiner's: it ignored it, too"});
    }
  }

  std::string Yaml() const {
    YAML::Emitter out;
    out << YAML::BeginMap << YAML::Key << "home" << YAML::Value << "kubernetes";
    out << YAML::Key << "webhook" << YAML::Value << YAML::BeginMap << YAML::Key << "listen"
        << YAML::Value << "0.0.0.0:9443" << YAML::EndMap;
    out << YAML::Key << "listen" << YAML::Value << YAML::BeginMap;
    for (const auto& [key, value] :
         {std::pair{"agents", "0.0.0.0:7443"}, std::pair{"api", "0.0.0.0:7444"},
          std::pair{"metrics", "0.0.0.0:7445"}})
      out << YAML::Key << key << YAML::Value << value;
    out << YAML::Key << "names" << YAML::Value
        << std::vector<std::string>{"innkeeper-coordinator.innkeeper-system.svc"} << YAML::EndMap;
    out << YAML::Key << "ipa" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "domain" << YAML::Value << wanted_.domain;
    if (!wanted_.realm.empty()) out << YAML::Key << "realm" << YAML::Value << wanted_.realm;
    if (!wanted_.servers.empty()) out << YAML::Key << "servers" << YAML::Value << wanted_.servers;
    out << YAML::Key << "ca_file" << YAML::Value << "/etc/innkeeper/freeipa/ca.crt";
    out << YAML::Key << "principal" << YAML::Value << "CHANGE-ME"
        << YAML::Comment("the one that `ipa setup` ends with");
    out << YAML::Key << "keytab" << YAML::Value << "/etc/innkeeper/freeipa/keytab" << YAML::EndMap;
    if (!wanted_.finalizer.empty())
      out << YAML::Key << "virt_ipa_joiner" << YAML::Value << YAML::BeginMap << YAML::Key
          << "finalizer" << YAML::Value << wanted_.finalizer << YAML::EndMap;
    if (!wanted_.level.empty())
      out << YAML::Key << "log" << YAML::Value << YAML::BeginMap << YAML::Key << "level"
          << YAML::Value << wanted_.level << YAML::EndMap;
    out << YAML::EndMap;
    return std::string(out.c_str()) + "\n";
  }

  const JoinerSettings& settings_;
  Wanted wanted_;
  JoinerTranslation done_;
};

}  // namespace

absl::StatusOr<JoinerTranslation> Translate(const JoinerSettings& settings) {
  return Translator(settings).Run();
}

}  // namespace innkeeper
