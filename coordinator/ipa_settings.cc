#include "coordinator/ipa_settings.h"

#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "coordinator/ipa/kerberos_tickets.h"

namespace innkeeper {

std::string RealmOf(const CoordinatorConfig& config) {
  return config.ipa.realm.empty() ? absl::AsciiStrToUpper(config.ipa.domain) : config.ipa.realm;
}

absl::StatusOr<RealmFacts> RealmFactsOf(const CoordinatorConfig& config) {
  RealmFacts realm;
  realm.domain = config.ipa.domain;
  realm.realm = RealmOf(config);
  realm.servers = config.ipa.servers;
  std::ifstream file(config.ipa.ca_file);
  if (!file) return absl::NotFoundError("ipa.ca_file '" + config.ipa.ca_file + "' cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  realm.ca = text.str();
  return realm;
}

IpaOptions SettingsOf(const CoordinatorConfig& config) {
  IpaOptions options;
  options.domain = config.ipa.domain;
  options.servers = config.ipa.servers;
  options.dns_server = config.ipa.dns_server;
  options.resolve = config.ipa.resolve;
  options.ca_file = config.ipa.ca_file;
  options.connect_timeout = config.ipa.connect_timeout;
  return options;
}

absl::StatusOr<IpaOptions> AccountOf(const CoordinatorConfig& config) {
  IpaOptions options = SettingsOf(config);
  options.user = config.ipa.user;
  options.principal = config.ipa.principal;
  options.keytab = config.ipa.keytab;
  if (options.user.empty() == options.principal.empty()) {
    return absl::InvalidArgumentError(
        "set either ipa.principal and ipa.keytab, or ipa.user and ipa.password_file "
        "(`innkeeper-coordinator ipa setup` makes such an account)");
  }
  if (!options.principal.empty()) {
    RETURN_IF_ERROR(PrepareKerberos(config.state_dir, RealmOf(config), config.ipa.domain));
    return options;
  }
  std::ifstream file(config.ipa.password_file);
  std::string password;
  if (!file || !std::getline(file, password) || password.empty()) {
    return absl::NotFoundError("ipa.password_file '" + config.ipa.password_file +
                               "' holds no password");
  }
  options.password = Secret(std::move(password));
  return options;
}

}  // namespace innkeeper
