#include "coordinator/kube/testing/fake_kube_client.h"

#include <utility>

#include "base/http_client/http_client.h"
#include "coordinator/kube/kube_urls.h"

namespace innkeeper {
namespace {

// As the real client does: a path without a name is that of all objects.
bool IsNamed(const KubePath& path) { return ObjectUrl(path).ok(); }
constexpr char kUnnamed[] = "the path names no object";

// Lets so many objects through, then fails.
KubeSink Cut(const KubeSink& each, const FakeKubeFault& fault) {
  return [&each, fault, seen = size_t{0}](KubeChange change, std::string_view object) mutable {
    if (seen++ == fault.after_objects) return fault.failure;
    return each(change, object);
  };
}

}  // namespace

std::optional<FakeKubeFault> FakeKubeClient::Meet(KubeVerb verb, const KubeKind& kind) {
  return state_.With([&](State& s) -> std::optional<FakeKubeFault> {
    ++s.requests[verb];
    for (auto it = s.faults.begin(); it != s.faults.end(); ++it) {
      if (it->verb && *it->verb != verb) continue;
      if (!it->plural.empty() && it->plural != kind.plural) continue;
      FakeKubeFault met = *it;
      if (it->times > 0 && --it->times == 0) s.faults.erase(it);
      return met;
    }
    return std::nullopt;
  });
}

template <class Do>
auto FakeKubeClient::Run(KubeVerb verb, const KubeKind& kind, const Call& call, Do&& request)
    -> decltype(request()) {
  if (absl::Status late = call.Check("request"); !late.ok()) return late;
  const std::optional<FakeKubeFault> fault = Meet(verb, kind);
  if (!fault) return request();
  if (fault->when == FakeKubeFault::When::kBefore) return fault->failure;
  auto done = request();
  static_cast<void>(done);
  return MarkSent(fault->failure);
}

absl::StatusOr<std::string> FakeKubeClient::Get(const KubePath& path, const Call& call) {
  if (!IsNamed(path)) return absl::InvalidArgumentError(kUnnamed);
  return Run(KubeVerb::kGet, path.kind, call, [&] { return server_.Get(path); });
}

absl::StatusOr<std::string> FakeKubeClient::Create(const KubePath& path, const std::string& object,
                                                   const KubeWrite& how, const Call& call) {
  return Run(KubeVerb::kCreate, path.kind, call, [&] {
    return server_.Create(path, object, {manager_, how});
  });
}

absl::StatusOr<std::string> FakeKubeClient::Replace(const KubePath& path, const std::string& object,
                                                    const KubeWrite& how, const Call& call) {
  if (!IsNamed(path)) return absl::InvalidArgumentError(kUnnamed);
  return Run(KubeVerb::kReplace, path.kind, call, [&] {
    return server_.Replace(path, object, {manager_, how});
  });
}

absl::StatusOr<std::string> FakeKubeClient::Patch(const KubePath& path, KubePatch form,
                                                  const std::string& patch, const KubeWrite& how,
                                                  const Call& call) {
  if (!IsNamed(path)) return absl::InvalidArgumentError(kUnnamed);
  return Run(KubeVerb::kPatch, path.kind, call, [&] {
    return server_.Patch(path, form, patch, {manager_, how});
  });
}

absl::StatusOr<std::string> FakeKubeClient::Apply(const KubePath& path, const std::string& object,
                                                  const KubeWrite& how, const Call& call) {
  if (!IsNamed(path)) return absl::InvalidArgumentError(kUnnamed);
  return Run(KubeVerb::kApply, path.kind, call, [&] {
    return server_.Apply(path, object, {manager_, how});
  });
}

absl::Status FakeKubeClient::Delete(const KubePath& path, const KubePrecondition& only,
                                    const Call& call) {
  if (!IsNamed(path)) return absl::InvalidArgumentError(kUnnamed);
  return Run(KubeVerb::kDelete, path.kind, call, [&] { return server_.Delete(path, only); });
}

absl::StatusOr<std::string> FakeKubeClient::List(const KubeCollection& which, const KubeSink& each,
                                                 const Call& call) {
  RETURN_IF_ERROR(call.Check("list"));
  const std::optional<FakeKubeFault> fault = Meet(KubeVerb::kList, which.kind);
  if (fault && fault->after_objects == 0) return fault->failure;
  ASSIGN_OR_RETURN(const FakeKubeServer::Snapshot snapshot, server_.List(which));
  const KubeSink sink = fault ? Cut(each, *fault) : each;
  for (std::string object : snapshot.objects) {
    RETURN_IF_ERROR(call.Check("list"));
    const size_t size = object.size();
    object.append(64, '\0');  // the padding that is promised
    RETURN_IF_ERROR(sink(KubeChange::kAdded, std::string_view(object).substr(0, size)));
  }
  if (fault) return fault->failure;
  return snapshot.resource_version;
}

absl::Status FakeKubeClient::Watch(const KubeCollection& which, const KubeWatch& from,
                                   const KubeSink& each, const Call& call) {
  RETURN_IF_ERROR(call.Check("watch"));
  const std::optional<FakeKubeFault> fault = Meet(KubeVerb::kWatch, which.kind);
  if (fault && fault->after_objects == 0) return fault->failure;
  return server_.Watch(which, from, fault ? Cut(each, *fault) : each, call);
}

void FakeKubeClient::Fail(FakeKubeFault fault) {
  state_.With([&](State& s) { s.faults.push_back(std::move(fault)); });
}

void FakeKubeClient::CutOff() {
  Fail({.failure = absl::UnavailableError("no route to the API server"), .times = -1});
}

void FakeKubeClient::Heal() {
  state_.With([](State& s) { s.faults.clear(); });
}

int FakeKubeClient::Requests(KubeVerb verb) {
  return state_.With([&](State& s) { return s.requests[verb]; });
}

}  // namespace innkeeper
