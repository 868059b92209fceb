#include "coordinator/admin/refusal_log.h"

#include <utility>

#include "base/status.h"
#include "base/text.h"
#include "base/thread_name.h"
#include "base/tls.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"

namespace innkeeper {
namespace {

constexpr std::array kListeners{Listener::kAgents, Listener::kApi};
constexpr char kTokenReason[] = "token";
constexpr char kManyPeers[] = "many";  // instead of an address
constexpr size_t kNamesShown = 4;
constexpr size_t kNameCap = 100;  // bytes of one name

const char* NameOf(Listener listener) {
  switch (listener) {
    case Listener::kAgents:
      return "agents";
    case Listener::kApi:
      return "api";
  }
  return "api";
}

absl::Status Repeated(const absl::Status& outcome, uint64_t times) {
  return {outcome.code(),
          std::string(outcome.message()) + " (" + std::to_string(times) + " times more)"};
}

}  // namespace

struct RefusalLog::Counters {
  explicit Counters(prometheus::Registry& registry)
      : refused(prometheus::BuildCounter()
                    .Name("innkeeper_peers_refused_total")
                    .Help("Peers that were not let in, by listener and reason.")
                    .Register(registry)) {
    for (const Listener listener : kListeners) {
      for (const CertificateFlaw flaw : kCertificateFlaws)
        Add(listener, innkeeper::NameOf(flaw), 0);
    }
    Add(Listener::kApi, kTokenReason, 0);
  }
  void Add(Listener listener, const std::string& reason, double more) {
    refused.Add({{"listener", NameOf(listener)}, {"reason", reason}}).Increment(more);
  }
  prometheus::Family<prometheus::Counter>& refused;
};

RefusalLog::RefusalLog(AuditLog& audit, prometheus::Registry& registry, Options options)
    : audit_(audit), options_(options), counters_(std::make_unique<Counters>(registry)) {
  thread_ = std::jthread([this](std::stop_token stop) {
    NameThread("refusals");
    Run(std::move(stop));
  });
}

RefusalLog::~RefusalLog() = default;

void RefusalLog::Certificate(Listener listener, CertificateFlaw flaw, AuditLog::Line line) {
  Add(listener, innkeeper::NameOf(flaw), std::move(line));
}

void RefusalLog::Token(AuditLog::Line line) { Add(Listener::kApi, kTokenReason, std::move(line)); }

void RefusalLog::Report(const std::string& reason, AuditLog::Line line) {
  Key key{Listener::kAgents, line.who, line.action, reason};
  Remember(std::move(key), std::move(line));
}

void RefusalLog::Add(Listener listener, const std::string& reason, AuditLog::Line line) {
  counters_->Add(listener, reason, 1);
  Key key{listener, line.address, line.action, reason};
  Remember(std::move(key), std::move(line));
}

void RefusalLog::Remember(Key key, AuditLog::Line line) {
  {
    const std::scoped_lock lock(mutex_);
    if (window_.size() >= options_.peers && !window_.contains(key)) {
      key = {std::get<Listener>(key), kManyPeers, "", std::get<3>(key)};
      line.address = kManyPeers;
    }
    const auto [place, added] = window_.try_emplace(std::move(key), Entry{std::move(line)});
    if (!added) ++place->second.unwritten;
    untold_ = untold_ || added;
  }
  fresh_.notify_all();
}

std::vector<AuditLog::Line> RefusalLog::TakeFirsts() {
  std::vector<AuditLog::Line> lines;
  for (auto& [key, entry] : window_) {
    if (entry.told) continue;
    entry.told = true;
    --entry.unwritten;
    lines.push_back(entry.line);
  }
  untold_ = false;
  return lines;
}

std::vector<AuditLog::Line> RefusalLog::CloseWindow() {
  std::vector<AuditLog::Line> lines = TakeFirsts();
  for (auto& [key, entry] : window_) {
    if (entry.unwritten == 0) continue;
    entry.line.outcome = Repeated(entry.line.outcome, entry.unwritten);
    lines.push_back(std::move(entry.line));
  }
  window_.clear();
  return lines;
}

void RefusalLog::Write(std::unique_lock<std::mutex>& lock,
                       const std::vector<AuditLog::Line>& lines) {
  lock.unlock();
  for (const AuditLog::Line& line : lines) audit_.Write(line);
  lock.lock();
}

void RefusalLog::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    fresh_.wait(lock, stop, [this] { return untold_; });
    if (window_.empty()) return;  // stopped, and nothing is left to say
    const auto end = std::chrono::steady_clock::now() + options_.window;
    do {
      Write(lock, TakeFirsts());
    } while (fresh_.wait_until(lock, stop, end, [this] { return untold_; }));
    Write(lock, CloseWindow());
  }
}

std::string DescribeCertificate(const std::string& pem) {
  if (pem.empty()) return "no certificate";
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(pem);
  if (!facts.ok()) return "unreadable certificate";
  std::string names;
  size_t shown = 0;
  for (const auto* list : {&facts->uris, &facts->names}) {
    for (const std::string& name : *list) {
      if (shown++ == kNamesShown) break;
      names += " " + name.substr(0, kNameCap);
    }
  }
  return Printable("certificate" + names + " cn=" + facts->common_name.substr(0, kNameCap) +
                   " serial=" + facts->serial.substr(0, kNameCap) + " spki=" + facts->spki_sha256);
}

}  // namespace innkeeper
