#include "coordinator/ipa/check.h"

#include <utility>

#include "base/random.h"
#include "coordinator/ipa/host_commands.h"

namespace innkeeper {
namespace {

using Result = RightCheck::Result;

// Rights that would let the account take over or destroy a host.
constexpr const char* kDangerous[] = {"userpassword",    "krbprincipalkey", "userclass",
                                      "usercertificate", "managedby",       "ipaallowedtoperform"};

class Checker {
 public:
  Checker(IpaClient& client, IpaDispatcher& account, const CheckOptions& options, const Call& call)
      : client_(client), account_(account), options_(options), call_(call) {}

  absl::StatusOr<std::vector<RightCheck>> Run() {
    const std::string id = RandomHex(6);
    host_.fqdn = Fqdn{"innkeeper-check-" + id + "." + options_.domain};
    host_.owner = OwnerTag{options_.cluster, {"innkeeper-check", id}, VmUid{id}, std::nullopt};
    host_.description = "innkeeper-coordinator ipa check";
    host_.password = PasswordWish::kRandom;
    RETURN_IF_ERROR(Refusals());
    RETURN_IF_ERROR(
        Allowed("may create a host of this cluster", client_.AddHost(host_, call_).status()));
    if (lines_.back().result == Result::kGood) RETURN_IF_ERROR(OnOurHost());
    return std::move(lines_);
  }

 private:
  // Nothing here can do harm: the first would create a host that no cluster owns, on a name of
  // ours.
  absl::Status Refusals() {
    NewHost stranger = host_;
    stranger.owner.cluster = ClusterId{options_.cluster.text + "-other"};
    const absl::Status added = client_.AddHost(stranger, call_).status();
    RETURN_IF_ERROR(Refused("may not create a host of another cluster", added));
    if (added.ok()) lines_.back().detail += "; remove " + host_.fqdn.text + " by hand";
    return ForeignRights();
  }

  // FreeIPA tells the rights on each attribute of somebody else's host; nothing is changed.
  absl::Status ForeignRights() {
    const std::string what = "may not change a host that is not this cluster's";
    if (options_.foreign_host.empty()) {
      Add(Result::kSkipped, what, "no such host is known");
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(IpaCommand show,
                     EncodeCommand(IpaEffect::kReads, "host_show", {options_.foreign_host},
                                   {{"all", true}, {"rights", true}}));
    ASSIGN_OR_RETURN(IpaAnswer answer, account_.Run(std::move(show), call_));
    if (answer.error) {
      Add(Result::kSkipped, what, ToText(StatusOf(*answer.error)));
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const IpaEntry entry, OnlyEntry(std::move(answer)));
    const std::vector<std::string>& rights = entry.All("attributelevelrights");
    if (rights.empty()) {
      Add(Result::kSkipped, what, "FreeIPA does not tell the rights");
      return absl::OkStatus();
    }
    std::string writable;
    for (const char* attribute : kDangerous) {
      const std::string prefix = std::string(attribute) + "=";
      for (const std::string& right : rights) {
        const bool written = right.rfind(prefix, 0) == 0 &&
                             right.find_first_of("wo", prefix.size()) != std::string::npos;
        if (written) writable += std::string(" ") + attribute;
      }
    }
    if (writable.empty()) {
      Add(Result::kGood, what, "");
    } else {
      Add(Result::kBad, what, "on " + options_.foreign_host + " it may write" + writable);
    }
    return absl::OkStatus();
  }

  absl::Status OnOurHost() {
    const Fqdn& fqdn = host_.fqdn;
    RETURN_IF_ERROR(Allowed("may see the host", client_.ShowHost(fqdn, call_).status()));
    RETURN_IF_ERROR(Allowed("may give a host a new one-time password",
                            client_.IssuePassword(fqdn, call_).status()));
    RETURN_IF_ERROR(Allowed("may drop a host's key", client_.DisableHost(fqdn, call_)));
    for (const std::string& group : options_.host_groups)
      RETURN_IF_ERROR(
          Allowed("may add a host to group " + group, client_.AddToHostGroup(group, fqdn, call_)));
    RETURN_IF_ERROR(Refused("may not delete a host that is not marked for deletion",
                            client_.DeleteHost(fqdn, call_)));
    if (lines_.back().result == Result::kBad) return absl::OkStatus();  // it is gone
    OwnerTag deleting = host_.owner;
    deleting.deleting_term = "0";
    RETURN_IF_ERROR(
        Allowed("may mark a host for deletion", client_.Retag(fqdn, host_.owner, deleting, call_)));
    RETURN_IF_ERROR(Allowed("may delete a host that is marked", client_.DeleteHost(fqdn, call_)));
    if (lines_.back().result == Result::kBad)
      lines_.back().detail += "; remove " + fqdn.text + " by hand";
    return absl::OkStatus();
  }

  // A missing right is a finding; a server that does not answer is not.
  absl::Status Allowed(const std::string& what, const absl::Status& outcome) {
    if (IsRetryable(outcome) || absl::IsCancelled(outcome)) return Annotate(outcome, what);
    Add(outcome.ok() ? Result::kGood : Result::kBad, what, outcome.ok() ? "" : ToText(outcome));
    return absl::OkStatus();
  }

  absl::Status Refused(const std::string& what, const absl::Status& outcome) {
    if (IsRetryable(outcome) || absl::IsCancelled(outcome)) return Annotate(outcome, what);
    const bool refused = absl::IsPermissionDenied(outcome);
    Add(refused ? Result::kGood : Result::kBad, what,
        refused        ? ""
        : outcome.ok() ? "FreeIPA let it happen"
                       : ToText(outcome));
    return absl::OkStatus();
  }

  void Add(Result result, const std::string& what, const std::string& detail) {
    lines_.push_back({result, what, detail});
  }

  IpaClient& client_;
  IpaDispatcher& account_;
  const CheckOptions& options_;
  const Call& call_;
  NewHost host_;
  std::vector<RightCheck> lines_;
};

}  // namespace

absl::StatusOr<std::vector<RightCheck>> CheckRights(IpaClient& client, IpaDispatcher& account,
                                                    const CheckOptions& options, const Call& call) {
  return Checker(client, account, options, call).Run();
}

}  // namespace innkeeper
