#pragma once

#include <string>

#include "base/status.h"
#include "vm/hypervisor.h"

namespace innkeeper {

inline constexpr size_t kDomainXmlCap = 1024 * 1024;  // bytes
inline constexpr size_t kDomainNameCap = 1024;        // bytes
inline constexpr size_t kMacCap = 64;                 // network interfaces told; more are left out
inline constexpr char kWishNamespace[] = "https://innkeeper.dev/domain/1";

// What the live XML of a domain says: everything of DomainState but run_state and persistent, which
// it does not. Names, metadata and MACs are the domain owner's words. INVALID_ARGUMENT: no domain,
// or beyond the caps. Our metadata element in a wrong form only sets wish_error.
absl::StatusOr<DomainState> ParseDomainXml(const std::string& xml);

}  // namespace innkeeper
