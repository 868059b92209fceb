#include "coordinator/fleet/report_stream.h"

#include <utility>

namespace innkeeper {
namespace {

// systemd units an agent may report; only counted and shown.
constexpr int kMostUnits = 4096;

}  // namespace

ReportStep ReportStream::Lost(const char* why) {
  ReportStep step;
  // Asked for once: until the snapshot comes, whatever else was under way is of no use.
  if (state_ != State::kWaiting) step.resync = why;
  state_ = State::kWaiting;
  domains_.clear();
  gone_.clear();
  units_.reset();
  return step;
}

void ReportStream::TakeDomain(const agent::v1::Domain& domain, absl::Time now, ReportStep& step) {
  absl::StatusOr<DomainReport> report = DecodeDomain(domain, now);
  if (report.ok()) {
    domains_.push_back(*std::move(report));
  } else {
    step.refused.push_back(RefusalOf(report.status()));
  }
}

ReportStep ReportStream::Apply(agent::v1::Snapshot part, absl::Time now) {
  ReportStep step;
  if (state_ != State::kAssembling) {
    state_ = State::kAssembling;
    domains_.clear();
    gone_.clear();
    units_.reset();
  }
  if (domains_.size() + static_cast<size_t>(part.domains_size()) > kMostDomains ||
      gone_.size() + static_cast<size_t>(part.gone_size()) > kMostDomains) {
    step.refused.push_back(Refusal::kTooMany);
    step.end = absl::ResourceExhaustedError("more domains than a node can have");
    return step;
  }
  for (const agent::v1::Domain& domain : part.domains()) TakeDomain(domain, now, step);
  for (const agent::v1::DomainGone& gone : part.gone()) {
    if (absl::StatusOr<GoneReport> report = DecodeGone(gone); report.ok())
      gone_.push_back(*report);
    else
      step.refused.push_back(RefusalOf(report.status()));
  }
  if (part.has_units() && part.units().units_size() <= kMostUnits)
    units_ = std::move(*part.mutable_units());
  if (!part.last()) return step;
  state_ = State::kSynced;
  sequence_ = part.sequence();
  step.ack = sequence_;
  step.snapshot = std::exchange(domains_, {});
  step.gone = std::exchange(gone_, {});
  step.units = std::exchange(units_, std::nullopt);
  return step;
}

ReportStep ReportStream::Apply(agent::v1::Delta delta, absl::Time now) {
  if (state_ == State::kWaiting) return {};
  if (state_ == State::kAssembling) return Lost("a change inside a snapshot");
  if (delta.sequence() != sequence_ + 1) return Lost("a gap in the changes");
  ++sequence_;
  ReportStep step;
  step.ack = sequence_;
  if (delta.has_domain()) {
    TakeDomain(delta.domain(), now, step);
    step.changed = std::exchange(domains_, {});
  } else if (delta.has_gone()) {
    if (absl::StatusOr<GoneReport> report = DecodeGone(delta.gone()); report.ok())
      step.gone.push_back(*report);
    else
      step.refused.push_back(RefusalOf(report.status()));
  } else if (delta.has_units() && delta.units().units_size() <= kMostUnits) {
    step.units.emplace(std::move(*delta.mutable_units()));
  }
  return step;
}

ReportStep ReportStream::Apply(const agent::v1::Heartbeat& heartbeat) {
  if (state_ != State::kSynced || heartbeat.sequence() == sequence_) return {};
  return Lost("a change that never came");
}

}  // namespace innkeeper
