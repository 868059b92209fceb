#pragma once
// Who was refused at which listener, and why: counted at once, and audited in a way that a flood
// cannot fill the disk with. Of each (listener, address, action, reason) the first refusal of a
// window becomes an audit line at once; the rest of the window are one more line that says how
// many. Peers beyond what one window tells apart share a line per listener and reason.
//
//   innkeeper_peers_refused_total{listener="agents"|"api",reason=...}

#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/call.h"
#include "base/certificate_flaw.h"
#include "coordinator/admin/audit_log.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

// Not the unix socket: there the kernel refuses, by the owner and group of its file.
enum class Listener { kAgents, kApi };

// Thread-safe. Refused never blocks on the disk: a thread of its own writes.
class RefusalLog {
 public:
  struct Options {
    Duration window = std::chrono::minutes(1);
    size_t peers = 64;  // told apart in one window
  };
  // The audit log and the registry outlive it.
  RefusalLog(AuditLog& audit, prometheus::Registry& registry, Options options);
  ~RefusalLog();  // writes what is left

  // `reason` of a certificate, or that a join token was not accepted.
  void Certificate(Listener listener, CertificateFlaw flaw, AuditLog::Line line);
  void Token(AuditLog::Line line);
  // A connected node, line.who, was not believed. Audited as the others are; the fleet counts it
  // (innkeeper_fleet_refused_total).
  void Report(const std::string& reason, AuditLog::Line line);

 private:
  using Key = std::tuple<Listener, std::string, std::string, std::string>;  // peer, action, why
  struct Entry {
    AuditLog::Line line;
    uint64_t unwritten = 1;
    bool told = false;
  };
  struct Counters;

  void Add(Listener listener, const std::string& reason, AuditLog::Line line);
  void Remember(Key key, AuditLog::Line line);
  void Run(std::stop_token stop);
  void Write(std::unique_lock<std::mutex>& lock, const std::vector<AuditLog::Line>& lines);
  // Need mutex_.
  std::vector<AuditLog::Line> TakeFirsts();
  std::vector<AuditLog::Line> CloseWindow();

  AuditLog& audit_;
  const Options options_;
  const std::unique_ptr<Counters> counters_;
  std::mutex mutex_;
  std::condition_variable_any fresh_;
  std::map<Key, Entry> window_;
  bool untold_ = false;
  std::jthread thread_;  // "refusals"
};

// What an audit line says of a certificate that was shown (PEM, anybody's bytes): its names, serial
// and the hash of its key.
std::string DescribeCertificate(const std::string& pem);

}  // namespace innkeeper
