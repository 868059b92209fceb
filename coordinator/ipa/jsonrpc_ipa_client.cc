#include "coordinator/ipa/jsonrpc_ipa_client.h"

#include <algorithm>
#include <utility>

#include "base/http_client/http_client.h"
#include "coordinator/ipa/host_commands.h"

namespace innkeeper {
namespace {

// While another server is left, one that stays silent gets at most half of the caller's patience.
constexpr Duration kLeastPatience = std::chrono::seconds(1);

bool IsRead(const IpaCommand& command) { return command.effect == IpaEffect::kReads; }

Call PatienceFor(const IpaCommand& command, bool others_left, const Call& call) {
  if (!others_left || !IsRead(command)) return call;
  return call.AtMost(std::max(kLeastPatience, call.Remaining() / 2));
}

// The error of an answer as the contract's status; OK when there is none.
absl::Status ErrorOf(const IpaAnswer& answer) {
  return answer.error ? StatusOf(*answer.error) : absl::OkStatus();
}

// "IPA server version 4.12.4. API version 2.254" gives "4.12.4".
std::string VersionIn(const std::string& summary) {
  static const std::string kBefore = "IPA server version ";
  const size_t at = summary.find(kBefore);
  if (at == std::string::npos) return "";
  const size_t begin = at + kBefore.size();
  return summary.substr(begin, summary.find(". ", begin) - begin);
}

size_t LongestHostName(const IpaEntry& config) {
  const std::string text = config.First("ipamaxhostnamelength");
  const size_t number = text.size() <= 3 ? static_cast<size_t>(std::atoi(text.c_str())) : 0;
  return number >= 64 && number <= 255 ? number : 64;
}

}  // namespace

JsonRpcIpaClient::JsonRpcIpaClient(ServerList& servers, IpaServerFactory factory,
                                   const Clock& clock)
    : servers_(servers), factory_(std::move(factory)), pins_(clock) {}

absl::StatusOr<IpaFacts> JsonRpcIpaClient::Facts(const Call& call) {
  IpaFacts facts;
  ASSIGN_OR_RETURN(const Answered ping,
                   Ask("", EncodeCommand(IpaEffect::kReads, "ping", {}, {}), call));
  RETURN_IF_ERROR(ErrorOf(ping.answer));
  facts.server = ping.server;
  facts.version = VersionIn(ping.answer.summary);
  const std::vector<std::string> names{"realm", "domain", "basedn"};
  ASSIGN_OR_RETURN(Answered env,
                   Ask("", EncodeCommand(IpaEffect::kReads, "env", {names}, {}), call));
  RETURN_IF_ERROR(ErrorOf(env.answer));
  ASSIGN_OR_RETURN(const IpaEntry values, OnlyEntry(std::move(env.answer)));
  facts.realm = values.First("realm");
  facts.domain = values.First("domain");
  facts.base_dn = values.First("basedn");
  ASSIGN_OR_RETURN(Answered config,
                   Ask("", EncodeCommand(IpaEffect::kReads, "config_show", {}, {}), call));
  RETURN_IF_ERROR(ErrorOf(config.answer));
  ASSIGN_OR_RETURN(const IpaEntry settings, OnlyEntry(std::move(config.answer)));
  facts.longest_host_name = LongestHostName(settings);
  return facts;
}

absl::StatusOr<HostRecord> JsonRpcIpaClient::ShowHost(const Fqdn& fqdn, const Call& call) {
  ASSIGN_OR_RETURN(Answered shown, Ask(fqdn.text, ShowHostCommand(fqdn), call));
  RETURN_IF_ERROR(ErrorOf(shown.answer));
  ASSIGN_OR_RETURN(const IpaEntry entry, OnlyEntry(std::move(shown.answer)));
  return HostOf(entry);
}

absl::StatusOr<IssuedPassword> JsonRpcIpaClient::AddHost(const NewHost& host, const Call& call) {
  RETURN_IF_ERROR(CheckReadable(host.owner));
  ASSIGN_OR_RETURN(Answered added, Ask(host.fqdn.text, AddHostCommand(host), call));
  RETURN_IF_ERROR(ErrorOf(added.answer));
  if (host.password == PasswordWish::kNone) return IssuedPassword{Secret(), added.server};
  return TakePassword(std::move(added));
}

absl::StatusOr<IssuedPassword> JsonRpcIpaClient::IssuePassword(const Fqdn& fqdn, const Call& call) {
  ASSIGN_OR_RETURN(Answered changed, Ask(fqdn.text, IssuePasswordCommand(fqdn), call));
  constexpr int kValidationError = 3009;
  if (changed.answer.error && changed.answer.error->code == kValidationError &&
      changed.answer.error->field == "password")
    return absl::FailedPreconditionError(changed.answer.error->message);
  RETURN_IF_ERROR(ErrorOf(changed.answer));
  return TakePassword(std::move(changed));
}

absl::StatusOr<IssuedPassword> JsonRpcIpaClient::TakePassword(Answered answered) {
  ASSIGN_OR_RETURN(IpaEntry entry, OnlyEntry(std::move(answered.answer)));
  if (entry.random_password.empty())
    return WithOutcomeUnknown(absl::InternalError("FreeIPA made no one-time password"));
  return IssuedPassword{std::move(entry.random_password), std::move(answered.server)};
}

absl::Status JsonRpcIpaClient::Retag(const Fqdn& fqdn, const OwnerTag& now, const OwnerTag& next,
                                     const Call& call) {
  RETURN_IF_ERROR(CheckReadable(next));
  const auto carries = [](const HostRecord& host, const OwnerTag& tag) {
    const auto& classes = host.user_classes;
    return std::find(classes.begin(), classes.end(), tag.Text()) != classes.end();
  };
  ASSIGN_OR_RETURN(const HostRecord before, ShowHost(fqdn, call));
  if (!carries(before, now)) return absl::AbortedError("the host carries another tag by now");
  if (now == next) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Answered changed, Ask(fqdn.text, RetagCommand(fqdn, now, next), call));
  if (changed.answer.error && ClassOf(changed.answer.error->code) == IpaErrorClass::kAlreadySo)
    return absl::AbortedError("the host's tag was changed meanwhile");
  RETURN_IF_ERROR(ErrorOf(changed.answer));
  // Two writers at two servers can both have succeeded: what is there now decides.
  const absl::StatusOr<HostRecord> after = ShowHost(fqdn, call);
  if (!after.ok()) return WithOutcomeUnknown(after.status());
  if (!carries(*after, next) || carries(*after, now))
    return absl::AbortedError("the host's tag was changed by somebody else");
  return absl::OkStatus();
}

absl::Status JsonRpcIpaClient::DisableHost(const Fqdn& fqdn, const Call& call) {
  ASSIGN_OR_RETURN(const Answered done, Ask(fqdn.text, DisableHostCommand(fqdn), call));
  if (done.answer.error && ClassOf(done.answer.error->code) == IpaErrorClass::kAlreadySo)
    return absl::OkStatus();
  return ErrorOf(done.answer);
}

absl::Status JsonRpcIpaClient::DeleteHost(const Fqdn& fqdn, const Call& call) {
  ASSIGN_OR_RETURN(const Answered done, Ask(fqdn.text, DeleteHostCommand(fqdn), call));
  const absl::Status status = ErrorOf(done.answer);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status JsonRpcIpaClient::AddToHostGroup(const std::string& group, const Fqdn& fqdn,
                                              const Call& call) {
  ASSIGN_OR_RETURN(const Answered done, Ask(fqdn.text, AddToHostGroupCommand(group, fqdn), call));
  RETURN_IF_ERROR(ErrorOf(done.answer));
  return MembershipOf(done.answer);
}

absl::StatusOr<std::vector<HostRecord>> JsonRpcIpaClient::FindHostsOf(const ClusterId& cluster,
                                                                      const Call& call) {
  const auto carries_its_tag = [&](const HostRecord& host) {
    const std::optional<OwnerTag> owner = host.Owner();
    return owner && owner->cluster == cluster;
  };
  return Find(FindHostsCommand(cluster), carries_its_tag, call);
}

absl::StatusOr<std::vector<HostRecord>> JsonRpcIpaClient::FindHostsDescribed(
    const std::string& prefix, const Call& call) {
  const auto begins_so = [&](const HostRecord& host) {
    return host.description.compare(0, prefix.size(), prefix) == 0;
  };
  return Find(FindHostsCommand(prefix), begins_so, call);
}

absl::Status JsonRpcIpaClient::ClaimHost(const HostClaim& claim, const Call& call) {
  RETURN_IF_ERROR(CheckReadable(claim.owner));
  const auto is_done = [&](const HostRecord& host) {
    return host.Owner() == claim.owner && host.description == claim.new_description;
  };
  ASSIGN_OR_RETURN(const HostRecord before, ShowHost(claim.fqdn, call));
  if (is_done(before)) return absl::OkStatus();
  if (CarriesSomeTag(before)) return absl::AbortedError("the host carries a tag by now");
  if (before.description != claim.description)
    return absl::AbortedError("the host's description is another by now");
  ASSIGN_OR_RETURN(const Answered changed, Ask(claim.fqdn.text, ClaimHostCommand(claim), call));
  if (changed.answer.error && ClassOf(changed.answer.error->code) == IpaErrorClass::kAlreadySo)
    return absl::AbortedError("the host was changed meanwhile");
  RETURN_IF_ERROR(ErrorOf(changed.answer));
  const absl::StatusOr<HostRecord> after = ShowHost(claim.fqdn, call);
  if (!after.ok()) return WithOutcomeUnknown(after.status());
  const auto tags = std::count_if(after->user_classes.begin(), after->user_classes.end(),
                                  [](const std::string& value) { return !!ParseOwnerTag(value); });
  if (!is_done(*after) || tags != 1)
    return absl::AbortedError("the host was changed by somebody else, too");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<HostRecord>> JsonRpcIpaClient::Find(absl::StatusOr<IpaCommand> search,
                                                               const Wanted& wanted,
                                                               const Call& call) {
  ASSIGN_OR_RETURN(Answered found, Ask("", std::move(search), call));
  RETURN_IF_ERROR(ErrorOf(found.answer));
  // Half a list would make hosts look lost.
  if (found.answer.truncated)
    return absl::ResourceExhaustedError(
        "FreeIPA cut the list of hosts short: raise nsslapd-sizelimit of its directory");
  std::vector<IpaEntry>& names = found.answer.entries;
  std::vector<HostRecord> hosts;
  for (size_t at = 0; at < names.size(); at += kMostCallsPerBatch) {
    std::vector<IpaEntry> page;
    for (size_t i = at; i < std::min(at + kMostCallsPerBatch, names.size()); ++i)
      page.push_back(std::move(names[i]));
    RETURN_IF_ERROR(ShowAll(page, wanted, hosts, call));
  }
  return hosts;
}

// Those of the named hosts that are wanted. One page: others who wait in the dispatcher's queue get
// their turn between two.
absl::Status JsonRpcIpaClient::ShowAll(const std::vector<IpaEntry>& names, const Wanted& wanted,
                                       std::vector<HostRecord>& to, const Call& call) {
  std::vector<IpaCommand> commands;
  for (const IpaEntry& name : names) {
    ASSIGN_OR_RETURN(IpaCommand command, ShowHostCommand(Fqdn{name.First("fqdn")}));
    commands.push_back(std::move(command));
  }
  ASSIGN_OR_RETURN(const std::vector<ServerAddress> candidates, servers_.Order(call));
  ASSIGN_OR_RETURN(const std::shared_ptr<IpaServer> server, Server(candidates.front()));
  for (absl::StatusOr<IpaAnswer>& answer : server->dispatcher().RunAll(std::move(commands), call)) {
    if (!answer.ok()) {
      servers_.ReportFailure(candidates.front().name);
      return answer.status();
    }
    const absl::Status error = ErrorOf(*answer);
    if (absl::IsNotFound(error)) continue;  // deleted since it was found
    RETURN_IF_ERROR(error);
    ASSIGN_OR_RETURN(const IpaEntry entry, OnlyEntry(*std::move(answer)));
    ASSIGN_OR_RETURN(HostRecord host, HostOf(entry));
    if (wanted(host)) to.push_back(std::move(host));
  }
  return absl::OkStatus();
}

absl::StatusOr<JsonRpcIpaClient::Answered> JsonRpcIpaClient::Ask(const std::string& host,
                                                                 absl::StatusOr<IpaCommand> command,
                                                                 const Call& call) {
  RETURN_IF_ERROR(command.status());
  ASSIGN_OR_RETURN(const std::vector<ServerAddress> candidates, Candidates(host, call));
  absl::Status last;
  for (const ServerAddress& server : candidates) {
    const bool others_left = &server != &candidates.back();
    absl::StatusOr<IpaAnswer> answer =
        AskOne(server, *command, PatienceFor(*command, others_left, call));
    if (answer.ok()) {
      servers_.ReportSuccess(server.name);
      if (!IsRead(*command)) pins_.Release(host);
      return Answered{*std::move(answer), server.name};
    }
    last = answer.status();
    if (absl::IsCancelled(last)) return last;
    if (IsRetryable(last)) servers_.ReportFailure(server.name);
    if (OutcomeUnknown(last) && !host.empty()) pins_.Pin(host, server.name);
    if (OutcomeUnknown(last) || !IsRetryable(last)) return last;
    if (call.Remaining() == Duration::zero()) return last;
  }
  // No server could prove who it is: that is for a person to repair.
  if (last.GetPayload(kUntrustedServer)) return absl::PermissionDeniedError(last.message());
  return last;
}

// The server's answer; an error that says that the server itself is in trouble is a failure, with
// OutcomeUnknown if it may have left something behind.
absl::StatusOr<IpaAnswer> JsonRpcIpaClient::AskOne(const ServerAddress& server,
                                                   const IpaCommand& command, const Call& call) {
  ASSIGN_OR_RETURN(const std::shared_ptr<IpaServer> at, Server(server));
  absl::StatusOr<IpaAnswer> answer = at->dispatcher().Run(command, call);
  if (!answer.ok() || !answer->error) return answer;
  const IpaErrorClass error_class = ClassOf(answer->error->code);
  if (error_class != IpaErrorClass::kAgain && error_class != IpaErrorClass::kLogin &&
      error_class != IpaErrorClass::kUnknown)
    return answer;
  const absl::Status failure = StatusOf(*answer->error);
  const bool harmless = IsRead(command) || LeavesNothingBehind(error_class);
  return harmless ? failure : WithOutcomeUnknown(failure);
}

absl::StatusOr<std::vector<ServerAddress>> JsonRpcIpaClient::Candidates(const std::string& host,
                                                                        const Call& call) {
  const std::optional<std::string> pinned = host.empty() ? std::nullopt : pins_.Find(host);
  if (!pinned) return servers_.Order(call);
  absl::StatusOr<std::vector<ServerAddress>> all = servers_.Order(call);
  if (all.ok()) {
    for (ServerAddress& server : *all) {
      if (server.name == *pinned) return std::vector<ServerAddress>{std::move(server)};
    }
  }
  return std::vector<ServerAddress>{{*pinned, {}}};
}

absl::StatusOr<std::shared_ptr<IpaServer>> JsonRpcIpaClient::Server(const ServerAddress& address) {
  return known_.With([&](auto& known) -> absl::StatusOr<std::shared_ptr<IpaServer>> {
    Known& entry = known[address.name];
    if (entry.server && entry.address.addresses == address.addresses) return entry.server;
    ASSIGN_OR_RETURN(std::shared_ptr<IpaServer> made, factory_(address));
    entry = Known{address, made};
    return made;
  });
}

}  // namespace innkeeper
