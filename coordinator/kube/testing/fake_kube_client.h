#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "coordinator/kube/testing/fake_kube_server.h"

namespace innkeeper {

enum class KubeVerb { kGet, kCreate, kReplace, kPatch, kApply, kDelete, kList, kWatch };

// What goes wrong with a request.
struct FakeKubeFault {
  absl::Status failure;  // what the caller gets; KubeStatus({.code = 429, ...}, "") for an answer
  enum class When {
    kBefore,  // nothing happens
    kAfter,   // it happens, the answer is lost: WasSent
  } when = When::kBefore;
  std::optional<KubeVerb> verb = std::nullopt;  // nothing: each
  std::string plural = {};                      // "secrets"; empty: each kind
  int times = 1;                                // so many requests; negative: until Heal
  size_t after_objects = 0;                     // List and Watch: so many are handed over first
};

// One process's way to a FakeKubeServer, with faults of its own: two of them are two replicas.
// Thread-safe.
class FakeKubeClient final : public KubeClient {
 public:
  // The server outlives it.
  explicit FakeKubeClient(FakeKubeServer& server, std::string manager = "innkeeper")
      : server_(server), manager_(std::move(manager)) {}

  absl::StatusOr<std::string> Get(const KubePath& path, const Call& call) override;
  absl::StatusOr<std::string> Create(const KubePath& path, const std::string& object,
                                     const KubeWrite& how, const Call& call) override;
  absl::StatusOr<std::string> Replace(const KubePath& path, const std::string& object,
                                      const KubeWrite& how, const Call& call) override;
  absl::StatusOr<std::string> Patch(const KubePath& path, KubePatch form, const std::string& patch,
                                    const KubeWrite& how, const Call& call) override;
  absl::StatusOr<std::string> Apply(const KubePath& path, const std::string& object,
                                    const KubeWrite& how, const Call& call) override;
  absl::Status Delete(const KubePath& path, const KubePrecondition& only,
                      const Call& call) override;
  absl::StatusOr<std::string> List(const KubeCollection& which, const KubeSink& each,
                                   const Call& call) override;
  absl::Status Watch(const KubeCollection& which, const KubeWatch& from, const KubeSink& each,
                     const Call& call) override;

  // Faults are met in the order in which they were given, each as often as it says.
  void Fail(FakeKubeFault fault);
  // Every request fails with UNAVAILABLE until Heal: nobody is reached.
  void CutOff();
  void Heal();
  // Requests made so far, failed ones included.
  int Requests(KubeVerb verb);

 private:
  struct State {
    std::vector<FakeKubeFault> faults;
    std::map<KubeVerb, int> requests;
  };
  std::optional<FakeKubeFault> Meet(KubeVerb verb, const KubeKind& kind);
  template <class Do>
  auto Run(KubeVerb verb, const KubeKind& kind, const Call& call, Do&& request)
      -> decltype(request());

  FakeKubeServer& server_;
  const std::string manager_;
  Guarded<State> state_;
};

}  // namespace innkeeper
