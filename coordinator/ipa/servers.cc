#include "coordinator/ipa/servers.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"
#include "coordinator/ipa/srv_order.h"

namespace innkeeper {
namespace {

constexpr Duration kLongestQuestion = std::chrono::seconds(10);
// How long a server that failed is tried last.
constexpr Backoff::Limits kRest{std::chrono::seconds(2), std::chrono::minutes(1)};

bool Contains(const std::vector<ServerAddress>& servers, const std::string& name) {
  return std::any_of(servers.begin(), servers.end(),
                     [&](const ServerAddress& s) { return s.name == name; });
}

void AppendStatic(const std::vector<std::string>& names, std::vector<ServerAddress>& to) {
  for (const std::string& name : names) {
    if (!Contains(to, name)) to.push_back({name, {}});
  }
}

}  // namespace

SrvServerList::SrvServerList(Options options, SrvLookup& lookup, const Clock& clock, Random& random)
    : options_(std::move(options)), lookup_(lookup), clock_(clock), random_(random) {
  AppendStatic(options_.servers, servers_);
  asked_ = options_.domain.empty();
  last_failure_ = absl::UnavailableError("no FreeIPA server is configured");
  if (!options_.domain.empty())
    thread_ = std::jthread([this](std::stop_token stop) { KeepFresh(std::move(stop)); });
}

SrvServerList::~SrvServerList() = default;

absl::StatusOr<std::vector<ServerAddress>> SrvServerList::Order(const Call& call) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, call.stop, call.deadline,
                      [&] { return asked_ || (!servers_.empty() && !options_.look_up_addresses); });
  if (servers_.empty()) {
    RETURN_IF_ERROR(call.Check("find FreeIPA servers"));
    return Annotate(last_failure_, "find FreeIPA servers");
  }
  const MonotonicTime now = clock_.Monotonic();
  const auto rests_until = [&](const ServerAddress& server) {
    const auto at = health_.find(server.name);
    return at == health_.end() ? now : std::max(now, at->second.rest_until);
  };
  std::vector<ServerAddress> ordered = servers_;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const ServerAddress& a, const ServerAddress& b) {
                     return rests_until(a) < rests_until(b);
                   });
  return ordered;
}

void SrvServerList::ReportSuccess(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  health_.erase(name);
}

void SrvServerList::ReportFailure(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (!Contains(servers_, name)) return;
  Health& health = health_.try_emplace(name, Health{Backoff(kRest, random_), {}}).first->second;
  health.rest_until = clock_.Monotonic() + health.backoff.Next();
}

size_t SrvServerList::size() {
  const std::scoped_lock lock(mutex_);
  return servers_.size();
}

void SrvServerList::KeepFresh(std::stop_token stop) {
  NameThread("ipa-servers");
  Backoff retry({options_.retry, options_.most_ttl}, random_);
  while (!stop.stop_requested()) {
    const Duration pause = Refresh(retry, stop);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, pause, [] { return false; });
  }
}

// Asks once; how long until it must be asked again.
Duration SrvServerList::Refresh(Backoff& retry, std::stop_token stop) {
  const std::string name = "_ldap._tcp." + options_.domain;
  const absl::StatusOr<SrvAnswer> answer =
      lookup_.Services(name, Call::Within(kLongestQuestion, stop));
  absl::Status outcome = answer.status();
  if (answer.ok()) outcome = Learn(*answer, stop);
  if (!outcome.ok()) LearnAddresses(stop);
  bool alone = false;
  {
    const std::scoped_lock lock(mutex_);
    asked_ = true;
    if (!outcome.ok()) last_failure_ = outcome;
    alone = servers_.empty();
  }
  changed_.notify_all();
  if (outcome.ok()) {
    retry.Reset();
    const Duration ttl = std::chrono::seconds(answer->ttl);
    return std::clamp(ttl, options_.least_ttl, options_.most_ttl);
  }
  if (stop.stop_requested()) return Duration::zero();
  LogWarning("DNS does not name FreeIPA's servers; the last good answer stays",
             {{"name", name}, {"error", outcome}, {"servers_known", !alone}});
  return retry.Next();
}

absl::Status SrvServerList::Learn(const SrvAnswer& answer, std::stop_token stop) {
  std::vector<SrvRecord> sorted = answer.records;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty())
    return absl::NotFoundError("the domain says that it offers no FreeIPA server");
  std::vector<ServerAddress> servers;
  {
    // A new draw at each refresh would move every reader to another replica than its writer.
    const std::scoped_lock lock(mutex_);
    if (sorted == records_) servers = servers_;
  }
  if (servers.empty()) {
    for (const SrvRecord& record : OrderServers(sorted, random_)) {
      if (!Contains(servers, record.target)) servers.push_back({record.target, {}});
    }
    AppendStatic(options_.servers, servers);
  }
  LookUpAddresses(servers, stop);
  const std::scoped_lock lock(mutex_);
  records_ = std::move(sorted);
  servers_ = std::move(servers);
  std::erase_if(health_, [&](const auto& entry) { return !Contains(servers_, entry.first); });
  return absl::OkStatus();
}

// Of the servers that are known without this answer: the static ones at least.
void SrvServerList::LearnAddresses(const std::stop_token& stop) {
  std::vector<ServerAddress> servers;
  {
    const std::scoped_lock lock(mutex_);
    servers = servers_;
  }
  LookUpAddresses(servers, stop);
  const std::scoped_lock lock(mutex_);
  servers_ = std::move(servers);
}

void SrvServerList::LookUpAddresses(std::vector<ServerAddress>& servers,
                                    const std::stop_token& stop) {
  if (!options_.look_up_addresses) return;
  for (ServerAddress& server : servers) {
    auto found = lookup_.Addresses(server.name, Call::Within(kLongestQuestion, stop));
    if (found.ok()) server.addresses = *std::move(found);
  }
}

}  // namespace innkeeper
