#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/operation_record.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

// Pause and brake in ConfigMap innkeeper-operation of the coordinator's namespace: any replica may
// be told to pause, the one that leads obeys as soon as the watch tells it. Each change compares
// and swaps; a removal counts once it is stored. A record edited to nonsense removes nothing: it
// shows as a brake with that reason, which releasing mends. Thread-safe.
class KubeOperation final : public Operation {
 public:
  // Both outlive it.
  KubeOperation(KubeClient& client, std::string ns, const Clock& clock, RemovalLimits limits)
      : client_(client), ns_(std::move(ns)), clock_(clock), limits_(limits) {}

  // Reads the record. Before, no removal is allowed.
  absl::Status Load(const Call& call);

  OperationState State() const override;
  absl::Status Pause(const std::string& who, const Call& call) override;
  absl::Status Resume(const Call& call) override;
  absl::Status ReleaseBrake(const Call& call) override;
  absl::Status CountRemoval(const GuestKey& guest, const Call& call) override;
  void OnChange(std::function<void()> changed) override;

  // What the mirror of `Watched` tells: the record is new or changed, or is no more.
  void Upsert(std::string_view object);
  void Drop();
  KubeCollection Watched() const;

 private:
  struct Stored {
    bool loaded = false;
    int64_t version = 0;  // 0: it does not exist
    OperationRecord record;
  };
  KubePath Path() const;
  absl::Status Change(const std::function<absl::Status(OperationRecord&)>& change,
                      const Call& call);
  absl::Status ByPerson(const std::function<void(OperationRecord&)>& change, const Call& call);
  void Tell();
  absl::StatusOr<Stored> Store(const Stored& before, const OperationRecord& next, const Call& call);
  void Take(Stored now);

  KubeClient& client_;
  const std::string ns_;
  const Clock& clock_;
  const RemovalLimits limits_;
  std::mutex changing_;
  mutable Guarded<Stored> stored_;
  Guarded<std::vector<std::function<void()>>> listeners_;
};

}  // namespace innkeeper
