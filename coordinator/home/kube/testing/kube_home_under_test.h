#pragma once
// This home over any client, for the contract that every home keeps.

#include <string>

#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "coordinator/guests/testing/home_contract.h"
#include "coordinator/home/kube/kube_node_store.h"
#include "coordinator/home/kube/kube_operation.h"
#include "coordinator/home/kube/kube_recorder.h"
#include "coordinator/home/kube/kube_vault.h"
#include "coordinator/home/kube/mirrored.h"

namespace innkeeper {

class KubeHomeUnderTest : public HomeUnderTest {
 public:
  // Guests go to namespace "lab", the rest to `ns`. `client` outlives it.
  KubeHomeUnderTest(KubeClient& client, std::string ns)
      : guests_(client,
                [](const GuestKey& key, const VmUid& uid) {
                  return GuestOwner{"VirtualMachine", key.name, uid};
                }),
        operation_(client, ns, clock_, {2, std::chrono::minutes(10)}),
        vault_(client, ns),
        guests_mirror_(client, MirroredGuests::Collection(), mirrored_guests_, {}, random_),
        operation_mirror_(client, operation_.Watched(), mirrored_operation_, {}, random_) {}

  GuestStore& guests() override { return guests_; }
  Recorder& recorder() override { return recorder_; }
  Operation& operation() override { return operation_; }
  Vault& vault() override { return vault_; }
  NodeStore& nodes() override { return nodes_; }

 private:
  FakeClock clock_;
  KubeGuestStore guests_;
  KubeRecorder recorder_{clock_, 100, [](const EventRecord&) {}};
  KubeOperation operation_;
  KubeVault vault_;
  KubeNodeStore nodes_{vault_};
  SystemRandom random_;
  MirroredGuests mirrored_guests_{guests_, [] {}};
  MirroredOperation mirrored_operation_{operation_};
  Mirror guests_mirror_, operation_mirror_;
};

}  // namespace innkeeper
