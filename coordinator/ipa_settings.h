#pragma once

#include <string>

#include "base/status.h"
#include "coordinator/config.h"
#include "coordinator/fleet/agent_messages.h"
#include "coordinator/ipa/ipa.h"

namespace innkeeper {

// The configured realm, or the domain in upper case.
std::string RealmOf(const CoordinatorConfig& config);
// What guests are told of it. NOT_FOUND: ipa.ca_file cannot be read.
absl::StatusOr<RealmFacts> RealmFactsOf(const CoordinatorConfig& config);
// Where FreeIPA is, without any account.
IpaOptions SettingsOf(const CoordinatorConfig& config);
// With the configured account; reads the password file, or prepares this process for Kerberos (call
// it before the first thread). INVALID_ARGUMENT: no account, or two.
absl::StatusOr<IpaOptions> AccountOf(const CoordinatorConfig& config);

}  // namespace innkeeper
