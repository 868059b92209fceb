#include "coordinator/guests/controller.h"

#include <condition_variable>
#include <exception>

#include "absl/cleanup/cleanup.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

// Keys of the queue say what they are; a guest's text follows, or a VM's uid.
constexpr char kGuest[] = "guest:";
constexpr char kChanged[] = "changed:";
constexpr char kVm[] = "vm:";
constexpr char kEveryGuest[] = "every guest";

bool StartsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

Controller::Controller(Seams seams, IdentitySettings settings, GuestMetrics& metrics,
                       Options options)
    : seams_(seams),
      settings_(std::move(settings)),
      options_(options),
      metrics_(metrics),
      reconciler_(seams_, settings_, index_, metrics_),
      maker_(seams_),
      audit_(seams_, settings_.cluster),
      joiner_adoption_(seams_, settings_),
      queue_(std::make_shared<WorkQueue>(options_.retry, seams_.clock, seams_.random)) {
  // The home may outlive us: its callbacks hold the queue alone.
  seams_.store.OnChange(
      [queue = queue_](const GuestKey& key) { queue->Add(kChanged + key.Text()); });
  seams_.inventory.OnChange([queue = queue_](const VmUid& uid) { queue->Add(kVm + uid.text); });
  seams_.operation.OnChange([queue = queue_] { queue->Add(kEveryGuest); });
}

Controller::~Controller() { Stop(); }

void Controller::AddGuest(const GuestKey& key) { queue_->Add(kGuest + key.Text()); }

void Controller::AddEveryGuest() {
  for (const GuestKey& key : index_.Keys()) AddGuest(key);
}

absl::Status Controller::Load(const Call& call) {
  constexpr size_t kPage = 500;
  std::optional<GuestKey> after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Guest> page, seams_.store.List(after, kPage, call));
    if (page.empty()) break;
    for (const Guest& guest : page) index_.Set(guest);
    after = page.back().key;
  }
  AddEveryGuest();
  for (const VmRecord& vm : seams_.inventory.List()) queue_->Add(kVm + vm.uid.text);
  return absl::OkStatus();
}

absl::Status Controller::Start(const Call& call) {
  RETURN_IF_ERROR(Load(call));
  for (size_t i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this, i](std::stop_token stop) {
      NameThread("guests-" + std::to_string(i));
      Work(stop);
    });
  }
  threads_.emplace_back([this](std::stop_token stop) {
    NameThread("host-sweep");
    SweepUntil(stop);
  });
  return absl::OkStatus();
}

void Controller::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void Controller::Work(std::stop_token stop) {
  while (const std::optional<std::string> key = queue_->Pop(stop))
    Process(*key, Call::Within(settings_.timings.reconcile_deadline, stop));
}

bool Controller::RunOne(const Call& call) {
  const std::optional<std::string> key = queue_->TryPop();
  if (key) Process(*key, call);
  return key.has_value();
}

void Controller::SweepUntil(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    stopped.wait_for(lock, stop, settings_.timings.host_sweep, [] { return false; });
    if (stop.stop_requested() || !seams_.leadership.Leads()) continue;
    const absl::Status swept = Sweep(Call::Within(settings_.timings.reconcile_deadline, stop));
    if (!swept.ok()) LogWarning("sweep of FreeIPA's hosts failed", {{"error", swept}});
  }
}

absl::Status Controller::Sweep(const Call& call) {
  return audit_.Sweep(
      [this](const GuestKey& key) {
        reconciler_.Suspect(key);
        AddGuest(key);
      },
      call);
}

void Controller::UpdateMetrics() {
  metrics_.SetPhases(index_.CountByPhase());
  metrics_.SetQueue(queue_->ready(), queue_->waiting());
}

void Controller::Process(const std::string& key, const Call& call) {
  Outcome outcome;
  try {
    outcome = ProcessKey(key, call);
  } catch (const std::exception& error) {  // a poison key must not take its worker along
    outcome = {ReconcileOutcome::kRetry, {}, absl::InternalError(error.what())};
    LogError("reconcile threw", {{"key", key}, {"error", outcome.why}});
  }
  Settle(key, outcome);
  queue_->Done(key);
}

Outcome Controller::ProcessKey(const std::string& key, const Call& call) {
  if (StartsWith(key, kGuest)) return ProcessGuest(key.substr(sizeof(kGuest) - 1), call);
  if (StartsWith(key, kChanged)) return ProcessChanged(key.substr(sizeof(kChanged) - 1), call);
  if (StartsWith(key, kVm)) return ProcessVm(key.substr(sizeof(kVm) - 1), call);
  AddEveryGuest();
  return {};
}

Outcome Controller::ProcessGuest(const std::string& text, const Call& call) {
  const absl::StatusOr<GuestKey> key = ParseGuestKey(text);
  if (!key.ok()) return {ReconcileOutcome::kTerminal, {}, key.status()};
  passes_.With([&](Passes& passes) { passes.running.insert(text); });
  const absl::Cleanup ended = [&] { PassEnded(text); };
  return reconciler_.Reconcile(*key, call);
}

void Controller::PassEnded(const std::string& text) {
  const bool changed = passes_.With([&](Passes& passes) {
    passes.running.erase(text);
    return passes.changed.erase(text) > 0;
  });
  if (changed) queue_->Add(kChanged + text);
}

// Our own writes are no news: a pass that wrote and then failed would else be run again at once.
// The store may tell of a write before the pass that made it has noted the version: then the end of
// the pass is awaited.
Outcome Controller::ProcessChanged(const std::string& text, const Call& call) {
  const absl::StatusOr<GuestKey> key = ParseGuestKey(text);
  if (!key.ok()) return {ReconcileOutcome::kTerminal, {}, key.status()};
  const bool awaited = passes_.With([&](Passes& passes) {
    const bool running = passes.running.count(text) > 0;
    if (running) passes.changed.insert(text);
    return running;
  });
  if (awaited) return {};
  const absl::StatusOr<Guest> guest = seams_.store.Get(*key, call);
  const bool known = guest.ok() && guest->version == index_.VersionOf(*key);
  if (!known) AddGuest(*key);
  // A person may take a record away whose VM wishes for one.
  if (absl::IsNotFound(guest.status())) {
    for (const VmRecord& vm : seams_.inventory.FindByKey(*key)) queue_->Add(kVm + vm.uid.text);
  }
  return {};
}

Outcome Controller::ProcessVm(const std::string& uid, const Call& call) {
  const absl::StatusOr<std::optional<GuestKey>> key = maker_.Consider(VmUid{uid}, call);
  if (!key.ok()) {
    const bool retry = IsRetryable(key.status());
    return {retry ? ReconcileOutcome::kRetry : ReconcileOutcome::kTerminal, {}, key.status()};
  }
  if (*key) AddGuest(**key);
  return {};
}

void Controller::Settle(const std::string& key, const Outcome& outcome) {
  metrics_.Count(outcome.what);
  switch (outcome.what) {
    case ReconcileOutcome::kRetry:
      queue_->AddRetry(key);
      return;
    case ReconcileOutcome::kTerminal:
      LogWarning("reconcile failed for good", {{"key", key}, {"error", outcome.why}});
      break;
    case ReconcileOutcome::kDone:
    case ReconcileOutcome::kLater:
      break;
  }
  queue_->Forget(key);
  if (outcome.after > Duration::zero()) queue_->AddAfter(key, outcome.after);
}

}  // namespace innkeeper
