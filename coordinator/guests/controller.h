#pragma once
// The workers around the queue of guests. What changes anywhere (a guest, a VM, pause or brake)
// adds a key; a worker looks at it and says what comes next. A key that fails comes back after a
// growing wait and never holds up another one.

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/work_queue.h"
#include "coordinator/guests/audit.h"
#include "coordinator/guests/guest_maker.h"
#include "coordinator/guests/identity_reconciler.h"
#include "coordinator/guests/joiner_adoption.h"

namespace innkeeper {

class Controller {
 public:
  struct Options {
    // Most of them wait for FreeIPA, whose batches of 50 they fill.
    size_t workers = 64;
    Backoff::Limits retry = {std::chrono::milliseconds(200), std::chrono::minutes(2)};
  };

  // Subscribes to the home: make it before the home reports anything. `settings` and the seams'
  // owners outlive it.
  Controller(Seams seams, IdentitySettings settings, GuestMetrics& metrics, Options options);
  ~Controller();

  // Reads the whole store once, then starts the workers ("guests-N") and the sweep ("host-sweep").
  absl::Status Start(const Call& call);
  // Ends what runs: no write to the outside is under way afterwards.
  void Stop();

  // Works off one key that is ready; false when there is none. For tests, without Start.
  bool RunOne(const Call& call);
  // Fills the index and queues every guest, as Start does.
  absl::Status Load(const Call& call);
  // Queues guests whose host FreeIPA lost.
  absl::Status Sweep(const Call& call);
  void UpdateMetrics();

  Audit& audit() { return audit_; }
  JoinerAdoption& joiner_adoption() { return joiner_adoption_; }
  WorkQueue& queue() { return *queue_; }

 private:
  void AddGuest(const GuestKey& key);
  void AddEveryGuest();
  void Work(std::stop_token stop);
  void SweepUntil(std::stop_token stop);
  void Process(const std::string& key, const Call& call);
  Outcome ProcessKey(const std::string& key, const Call& call);
  Outcome ProcessGuest(const std::string& text, const Call& call);
  void PassEnded(const std::string& text);
  Outcome ProcessChanged(const std::string& text, const Call& call);
  Outcome ProcessVm(const std::string& uid, const Call& call);
  void Settle(const std::string& key, const Outcome& outcome);

  const Seams seams_;
  const IdentitySettings settings_;
  const Options options_;
  GuestMetrics& metrics_;
  GuestIndex index_;
  IdentityReconciler reconciler_;
  GuestMaker maker_;
  Audit audit_;
  JoinerAdoption joiner_adoption_;
  const std::shared_ptr<WorkQueue> queue_;
  // Guests, as text, that a worker reconciles now; and those of them that the store called changed
  // meanwhile.
  struct Passes {
    std::set<std::string> running, changed;
  };
  Guarded<Passes> passes_;
  std::vector<std::jthread> threads_;
};

}  // namespace innkeeper
