#pragma once
// The MutatingWebhookConfiguration as deploy/coordinator/webhook.yaml ships it, and what of it the
// coordinator keeps up to date: whom the API server trusts, and which instance types and
// preferences ask (docs/adr/0005). Pure.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace innkeeper {

inline constexpr char kTypeEntry[] = "type.vm.innkeeper.dev";  // the one with the condition
inline constexpr char kAskingCondition[] = "asking";

// Names of the instance types and preferences that carry the label, of whatever namespace.
struct AskingTypes {
  std::vector<std::string> instance_types, preferences;
};
// CEL: the VM under review refers to one of them, or to one whose name is still to be inferred.
// Order and doubles in the lists do not matter. Past 500 names: true, everybody is shown.
std::string AskingExpression(const AskingTypes& types);

struct WebhookWish {
  std::string ca_bundle;  // PEM, for every entry; empty: somebody else injects it
  AskingTypes asking;
};

struct WebhookPlan {
  std::string patch;  // JSON Patch, each change guarded by a test; empty: all is as it should be
  // Names of entries whose bundle, as it is now, does not vouch for us: the API server cannot call
  // them, and says so nowhere but in its own log.
  std::vector<std::string> mistrusting;
};
// `trusts` judges a PEM bundle. INVALID_ARGUMENT: `live` is no such configuration.
absl::StatusOr<WebhookPlan> PlanWebhooks(
    std::string_view live, const WebhookWish& wish,
    const std::function<bool(const std::string& ca_bundle)>& trusts);

}  // namespace innkeeper
