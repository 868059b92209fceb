#pragma once
// Which FreeIPA servers there are, and which to try first.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "base/call.h"
#include "base/clock.h"
#include "base/random.h"
#include "coordinator/ipa/srv_lookup.h"

namespace innkeeper {

struct ServerAddress {
  std::string name;                    // the server's own FQDN: Referer, certificate and Kerberos
  std::vector<std::string> addresses;  // where to connect; empty: whatever the system resolves
};

// Thread-safe.
class ServerList {
 public:
  virtual ~ServerList() = default;
  // All known servers, the best first: those that work in their order, then those that failed, the
  // one whose rest ends soonest first. Stays the same from call to call unless something changed,
  // so that a reader sees what the writer before it wrote. UNAVAILABLE: none is known. Blocks XX
  virtual absl::StatusOr<std::vector<ServerAddress>> Order(const Call& call) = 0;
  // What became of a request to that server.
  virtual void ReportSuccess(const std::string& name) = 0;
  virtual void ReportFailure(const std::string& name) = 0;
};

// From DNS (RFC 2782 on `_ldap._tcp.<domain>`), kept fresh by a thread of its own; then the static
// servers. The last good answer stays while DNS is in trouble.
class SrvServerList final : public ServerList {
 public:
  struct Options {
    std::string domain;                // empty: no DNS, only the static list
    std::vector<std::string> servers;  // static
    // With the same DNS servers, instead of the system's resolver; only when there is a domain.
    bool look_up_addresses = false;
    // An answer is used for its TTL, but within these; a failed question is asked again after
    // `retry`, doubling up to `most_ttl`.
    Duration least_ttl = std::chrono::seconds(10);
    Duration most_ttl = std::chrono::hours(1);
    Duration retry = std::chrono::seconds(2);
  };
  // All outlive the list. Starts a thread when there is a domain.
  SrvServerList(Options options, SrvLookup& lookup, const Clock& clock, Random& random);
  ~SrvServerList() override;

  absl::StatusOr<std::vector<ServerAddress>> Order(const Call& call) override;
  void ReportSuccess(const std::string& name) override;
  void ReportFailure(const std::string& name) override;
  size_t size();  // servers known now

 private:
  struct Health {
    Backoff backoff;
    MonotonicTime rest_until;
  };
  void KeepFresh(std::stop_token stop);
  Duration Refresh(Backoff& retry, std::stop_token stop);
  absl::Status Learn(const SrvAnswer& answer, std::stop_token stop);
  void LearnAddresses(const std::stop_token& stop);
  void LookUpAddresses(std::vector<ServerAddress>& servers, const std::stop_token& stop);

  const Options options_;
  SrvLookup& lookup_;
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool asked_ = false;                    // mutex_; DNS was asked once, whatever it said
  absl::Status last_failure_;             // mutex_
  std::vector<SrvRecord> records_;        // mutex_; sorted, to notice a change
  std::vector<ServerAddress> servers_;    // mutex_; in the drawn order, static ones last
  std::map<std::string, Health> health_;  // mutex_
  std::jthread thread_;
};

}  // namespace innkeeper
