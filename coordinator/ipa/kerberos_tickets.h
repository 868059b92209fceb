#pragma once
// Kerberos tickets of the service account, from its keytab into this process's memory.
//
// libcurl's SPNEGO takes tickets from the process's default credential cache, whose name libkrb5
// reads from the environment. So PrepareKerberos sets that environment once, before any thread;
// later tickets are put into that cache with the KDC on the very FreeIPA server that the login is
// for, over sockets of our own: a hung KDC costs the caller's deadline and no more, and no
// krb5.conf of the machine, no DNS and no `kinit` is needed.

#include <memory>
#include <shared_mutex>
#include <string>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

// Call once from main, before the first thread and before any use of Kerberos: writes
// `directory`/krb5.conf (0600) for the realm and points KRB5_CONFIG to it and KRB5CCNAME to a cache
// in memory. Nothing secret is written. INVALID_ARGUMENT: realm or domain are not plain names.
absl::Status PrepareKerberos(const std::string& directory, const std::string& realm,
                             const std::string& domain);

// What a login by ticket needs. Thread-safe.
class TicketSource {
 public:
  // While it lives, the process's cache holds a ticket for the server and is not rebuilt.
  using Hold = std::shared_lock<std::shared_timed_mutex>;
  virtual ~TicketSource() = default;

  // Gets a ticket for HTTP/`server`, asking the KDC at `address` (a host name or an IP) unless
  // there is one that lasts. UNAVAILABLE, DEADLINE_EXCEEDED: no KDC answered, or the clocks differ
  // too much. PERMISSION_DENIED: the KDC refuses the principal or its key. FAILED_PRECONDITION:
  // keytab unreadable. Blocks.
  virtual absl::StatusOr<Hold> Get(const std::string& server, const std::string& address,
                                   const Call& call) = 0;
  // The server refused the ticket: fetch fresh ones next time.
  virtual void Discard() = 0;
};

struct KeytabAccount {
  std::string principal;  // "innkeeper/centre.example.test@EXAMPLE.TEST"
  std::string keytab;     // file
};
std::unique_ptr<TicketSource> MakeKeytabTickets(KeytabAccount account);

}  // namespace innkeeper
