#pragma once
// IpaClient over FreeIPA's JSON-RPC: which server, which command, what the answer means.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/ipa/ipa_messages.h"
#include "coordinator/ipa/ipa_server.h"
#include "coordinator/ipa/pins.h"
#include "coordinator/ipa/servers.h"

namespace innkeeper {

class JsonRpcIpaClient : public IpaClient {
 public:
  // `servers` and `clock` outlive the client.
  JsonRpcIpaClient(ServerList& servers, IpaServerFactory factory, const Clock& clock);

  absl::StatusOr<IpaFacts> Facts(const Call& call) override;
  absl::StatusOr<HostRecord> ShowHost(const Fqdn& fqdn, const Call& call) override;
  absl::StatusOr<IssuedPassword> AddHost(const NewHost& host, const Call& call) override;
  absl::StatusOr<IssuedPassword> IssuePassword(const Fqdn& fqdn, const Call& call) override;
  absl::Status Retag(const Fqdn& fqdn, const OwnerTag& now, const OwnerTag& next,
                     const Call& call) override;
  absl::Status DisableHost(const Fqdn& fqdn, const Call& call) override;
  absl::Status DeleteHost(const Fqdn& fqdn, const Call& call) override;
  absl::Status AddToHostGroup(const std::string& group, const Fqdn& fqdn,
                              const Call& call) override;
  absl::StatusOr<std::vector<HostRecord>> FindHostsOf(const ClusterId& cluster,
                                                      const Call& call) override;
  absl::StatusOr<std::vector<HostRecord>> FindHostsDescribed(const std::string& prefix,
                                                             const Call& call) override;
  absl::Status ClaimHost(const HostClaim& claim, const Call& call) override;

 private:
  // An answer and who gave it.
  struct Answered {
    IpaAnswer answer;
    std::string server;
  };
  // Runs the command at the server that has to answer for `host` (empty: any), trying the next one
  // when that is harmless. The answer's error, if any, is one that the server meant.
  absl::StatusOr<Answered> Ask(const std::string& host, absl::StatusOr<IpaCommand> command,
                               const Call& call);
  absl::StatusOr<IpaAnswer> AskOne(const ServerAddress& server, const IpaCommand& command,
                                   const Call& call);
  absl::StatusOr<std::vector<ServerAddress>> Candidates(const std::string& host, const Call& call);
  absl::StatusOr<std::shared_ptr<IpaServer>> Server(const ServerAddress& address);
  absl::StatusOr<IssuedPassword> TakePassword(Answered answered);
  using Wanted = std::function<bool(const HostRecord&)>;
  absl::StatusOr<std::vector<HostRecord>> Find(absl::StatusOr<IpaCommand> search,
                                               const Wanted& wanted, const Call& call);
  absl::Status ShowAll(const std::vector<IpaEntry>& names, const Wanted& wanted,
                       std::vector<HostRecord>& to, const Call& call);

  struct Known {
    ServerAddress address;
    std::shared_ptr<IpaServer> server;
  };
  ServerList& servers_;
  const IpaServerFactory factory_;
  WritePins pins_;
  Guarded<std::map<std::string, Known>> known_;
};

}  // namespace innkeeper
