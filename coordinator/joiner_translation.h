#pragma once
// Our configuration from virt-ipa-joiner's settings. Pure. Its account is not taken over: `ipa
// setup` makes one that can do less, and no password of its is ever printed.

#include <string>
#include <vector>

#include "coordinator/joiner_settings.h"

namespace innkeeper {

struct JoinerTranslation {
  std::string yaml;  // a whole coordinator.yaml for deploy/coordinator
  struct Note {
    std::string place;   // "config.yaml:3"; empty: it stands nowhere
    std::string key;     // as virt-ipa-joiner calls it
    std::string became;  // "ipa.domain: example.com", or why there is nothing like it
  };
  std::vector<Note> notes;  // one for each of its settings, and for each key that it ignored
};
// INVALID_ARGUMENT: "FILE:LINE: key: ...", or what is missing.
absl::StatusOr<JoinerTranslation> Translate(const JoinerSettings& settings);

}  // namespace innkeeper
