#include "coordinator/guests/testing/watched_ipa.h"

#include <algorithm>

namespace innkeeper {

WatchedIpa::Host* WatchedIpa::Find(const Fqdn& fqdn) {
  const auto it = hosts_.find(fqdn);
  return it == hosts_.end() ? nullptr : &it->second;
}

// As the permissions with their filters do, and notes that somebody tried.
WatchedIpa::Host* WatchedIpa::OwnHost(const Fqdn& fqdn, const char* doing) {
  Host* host = Find(fqdn);
  if (host == nullptr) return nullptr;
  const std::optional<OwnerTag> tag = host->record.Owner();
  if (host->foreign || !tag || tag->cluster != cluster_) {
    violations_.push_back(std::string(doing) + " of foreign " + fqdn.text);
    return nullptr;
  }
  return host;
}

absl::Status WatchedIpa::Write(const std::function<absl::Status()>& work) {
  on_call();
  RETURN_IF_ERROR(outage_);
  if (delay_write_) {
    delay_write_ = false;
    delayed_.push_back(work);
    return WithOutcomeUnknown(absl::DeadlineExceededError("no answer"));
  }
  absl::Status done = work();
  on_call();
  if (!lose_answer_) return done;
  lose_answer_ = false;
  return WithOutcomeUnknown(absl::DeadlineExceededError("no answer"));
}

void WatchedIpa::Land() {
  for (const auto& work : delayed_) static_cast<void>(work());
  delayed_.clear();
}

IssuedPassword WatchedIpa::NewPassword(Host& host) {
  host.password = "otp-" + std::to_string(next_password_++);
  host.record.has_password = true;
  return {Secret(std::string(host.password)), "ipa1.example.test"};
}

absl::StatusOr<IpaFacts> WatchedIpa::Facts(const Call& call) {
  RETURN_IF_ERROR(call.Check("ask FreeIPA"));
  RETURN_IF_ERROR(outage_);
  IpaFacts facts;
  facts.domain = "example.test";
  facts.realm = "EXAMPLE.TEST";
  return facts;
}

absl::StatusOr<HostRecord> WatchedIpa::ShowHost(const Fqdn& fqdn, const Call& call) {
  RETURN_IF_ERROR(call.Check("show host"));
  on_call();
  RETURN_IF_ERROR(outage_);
  const Host* host = Find(fqdn);
  if (host == nullptr) return absl::NotFoundError("host " + fqdn.text);
  return host->record;
}

absl::StatusOr<IssuedPassword> WatchedIpa::AddHost(const NewHost& wanted, const Call& call) {
  RETURN_IF_ERROR(call.Check("add host"));
  IssuedPassword issued;
  const NewHost copy = wanted;
  RETURN_IF_ERROR(Write([this, copy, &issued, delayed = delay_write_]() -> absl::Status {
    if (Find(copy.fqdn) != nullptr) return absl::AlreadyExistsError("host " + copy.fqdn.text);
    Host& host = hosts_[copy.fqdn];
    host.record.fqdn = copy.fqdn;
    host.record.dn = "fqdn=" + copy.fqdn.text;
    host.record.user_classes = {copy.owner.Text()};
    if (!copy.host_class.empty()) host.record.user_classes.push_back(copy.host_class);
    if (copy.password == PasswordWish::kNone) return absl::OkStatus();
    IssuedPassword fresh = NewPassword(host);
    if (!delayed) issued = std::move(fresh);
    return absl::OkStatus();
  }));
  return issued;
}

absl::StatusOr<IssuedPassword> WatchedIpa::IssuePassword(const Fqdn& fqdn, const Call& call) {
  RETURN_IF_ERROR(call.Check("issue password"));
  IssuedPassword issued;
  RETURN_IF_ERROR(Write([this, fqdn, &issued, delayed = delay_write_]() -> absl::Status {
    Host* host = OwnHost(fqdn, "a password");
    if (host == nullptr) return absl::NotFoundError("host " + fqdn.text);
    if (host->record.has_keytab) return absl::FailedPreconditionError("the host is enrolled");
    IssuedPassword fresh = NewPassword(*host);
    if (!delayed) issued = std::move(fresh);
    return absl::OkStatus();
  }));
  return issued;
}

absl::Status WatchedIpa::Retag(const Fqdn& fqdn, const OwnerTag& now, const OwnerTag& next,
                               const Call& call) {
  RETURN_IF_ERROR(call.Check("retag"));
  return Write([this, fqdn, now, next]() -> absl::Status {
    Host* host = OwnHost(fqdn, "a tag");
    if (host == nullptr) return absl::NotFoundError("host " + fqdn.text);
    auto& classes = host->record.user_classes;
    const auto it = std::find(classes.begin(), classes.end(), now.Text());
    if (it == classes.end()) return absl::AbortedError("the tag is another");
    *it = next.Text();
    return absl::OkStatus();
  });
}

absl::Status WatchedIpa::DisableHost(const Fqdn& fqdn, const Call& call) {
  RETURN_IF_ERROR(call.Check("disable host"));
  return Write([this, fqdn]() -> absl::Status {
    Host* host = OwnHost(fqdn, "a disabling");
    if (host == nullptr) return absl::NotFoundError("host " + fqdn.text);
    host->record.has_keytab = false;
    host->record.keytab_since.reset();
    return absl::OkStatus();
  });
}

absl::Status WatchedIpa::DeleteHost(const Fqdn& fqdn, const Call& call) {
  RETURN_IF_ERROR(call.Check("delete host"));
  return Write([this, fqdn]() -> absl::Status {
    if (Find(fqdn) == nullptr) return absl::OkStatus();
    Host* host = OwnHost(fqdn, "a deletion");
    if (host == nullptr || !host->record.Owner()->deleting_term) {
      violations_.push_back("a deletion without its announcement: " + fqdn.text);
      return absl::PermissionDeniedError("no right to delete " + fqdn.text);
    }
    hosts_.erase(fqdn);
    ++deletes_;
    return absl::OkStatus();
  });
}

absl::Status WatchedIpa::AddToHostGroup(const std::string& group, const Fqdn& fqdn,
                                        const Call& call) {
  RETURN_IF_ERROR(call.Check("join group"));
  return Write([this, group, fqdn]() -> absl::Status {
    const auto it = groups_.find(group);
    if (it == groups_.end()) return absl::NotFoundError("group " + group);
    it->second.push_back(fqdn);
    if (Host* host = Find(fqdn)) host->record.host_groups.push_back(group);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<HostRecord>> WatchedIpa::FindHostsOf(const ClusterId& cluster,
                                                                const Call& call) {
  RETURN_IF_ERROR(call.Check("find hosts"));
  RETURN_IF_ERROR(outage_);
  std::vector<HostRecord> found;
  for (const auto& [fqdn, host] : hosts_) {
    const std::optional<OwnerTag> tag = host.record.Owner();
    if (tag && tag->cluster == cluster) found.push_back(host.record);
  }
  return found;
}

absl::StatusOr<int64_t> WatchedIpa::Join(const Fqdn& fqdn, const Secret& password) {
  Host* host = Find(fqdn);
  if (host == nullptr || !host->record.has_password || host->password != password.Reveal())
    return absl::PermissionDeniedError("SASL bind failed");
  host->password.clear();
  host->record.has_password = false;
  host->record.has_keytab = true;
  host->record.keytab_since = absl::UnixEpoch();
  return ++host->kvno;
}

bool WatchedIpa::AcceptsKey(const Fqdn& fqdn, int64_t kvno) const {
  const auto it = hosts_.find(fqdn);
  return it != hosts_.end() && it->second.record.has_keytab && it->second.kvno == kvno;
}

void WatchedIpa::Leave(const Fqdn& fqdn, int64_t kvno) {
  if (!AcceptsKey(fqdn, kvno)) return;
  hosts_[fqdn].record.has_keytab = false;
}

void WatchedIpa::AddForeign(const Fqdn& fqdn, std::vector<std::string> user_classes) {
  Host& host = hosts_[fqdn];
  host.record.fqdn = fqdn;
  host.record.user_classes = std::move(user_classes);
  host.foreign = true;
}

}  // namespace innkeeper
