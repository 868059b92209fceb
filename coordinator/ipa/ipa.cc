#include "coordinator/ipa/ipa.h"

#include <utility>

#include "coordinator/ipa/ipa_parts.h"
#include "coordinator/ipa/jsonrpc_ipa_client.h"

namespace innkeeper {
namespace {

// A base of its own, so that the parts are there before the client and go after it.
class ComposedIpaClient final : private IpaParts, public JsonRpcIpaClient {
 public:
  ComposedIpaClient(IpaOptions options, std::unique_ptr<SrvLookup> dns, const Clock& clock,
                    Random& random, prometheus::Registry& registry)
      : IpaParts(std::move(options), std::move(dns), clock, random, registry),
        JsonRpcIpaClient(
            IpaParts::servers, [this](const ServerAddress& at) { return Connect(at); }, clock) {}
};

}  // namespace

absl::StatusOr<std::unique_ptr<IpaClient>> MakeIpaClient(IpaOptions options, const Clock& clock,
                                                         Random& random,
                                                         prometheus::Registry& registry) {
  RETURN_IF_ERROR(CheckIpaOptions(options));
  ASSIGN_OR_RETURN(std::unique_ptr<SrvLookup> lookup, MakeAresSrvLookup(options.dns_server));
  return std::make_unique<ComposedIpaClient>(std::move(options), std::move(lookup), clock, random,
                                             registry);
}

}  // namespace innkeeper
