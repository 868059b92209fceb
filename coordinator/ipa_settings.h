#pragma once

#include <string>

#include "base/status.h"
#include "coordinator/config.h"
#include "coordinator/ipa/ipa.h"

namespace innkeeper {

// The configured realm, or the domain in upper case.
std::string RealmOf(const CoordinatorConfig& config);
// Where FreeIPA is, without any account.
IpaOptions SettingsOf(const CoordinatorConfig& config);
// With the configured account; reads the password file, or prepares this process for Kerberos (call
// it before the first thread). INVALID_ARGUMENT: no account, or two.
absl::StatusOr<IpaOptions> AccountOf(const CoordinatorConfig& config);

}  // namespace innkeeper
