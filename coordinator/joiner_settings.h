#pragma once
// virt-ipa-joiner's settings, as it reads them: config.yaml (lower-case keys) below environment
// variables of the same names in upper case.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

// One of its settings that stands somewhere.
struct JoinerSetting {
  std::string value;
  std::string place;  // "config.yaml:3"
};

struct JoinerSettings {
  // By lower-case key: ipa_host, ipa_user, domain, realm, ipa_verify_ssl, finalizer_name,
  // log_level. Only those that stand somewhere and are not empty.
  std::map<std::string, JoinerSetting> values;
  Secret password;
  std::string password_place;  // empty: it stands nowhere
  std::optional<std::string> os_map_place;
  // Keys of the file that it does not know, with their places; it ignored them, too.
  std::vector<std::string> unknown;

  std::string Get(const std::string& key) const;
};

// `file`: its config.yaml; `environment`: a file of NAME=value lines, as `kubectl set env --list`
// prints them. Either may be empty: none. Other variables in the environment are nobody's business
// here. INVALID_ARGUMENT: "FILE:LINE: ...". NOT_FOUND: no such file. Blocks on the disk.
absl::StatusOr<JoinerSettings> ReadJoinerSettings(const std::string& file,
                                                  const std::string& environment);

}  // namespace innkeeper
