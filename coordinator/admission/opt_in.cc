#include "coordinator/admission/opt_in.h"

#include <mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace innkeeper {
namespace {

Wish WishIn(const std::optional<std::string>& label) {
  if (label == "true") return Wish::kYes;
  return label == "false" ? Wish::kNo : Wish::kUnset;
}

}  // namespace

Wish OwnWish(const VmView& vm) {
  const Wish wish = WishIn(vm.enroll);
  return wish == Wish::kUnset ? WishIn(vm.old_enroll) : wish;
}

bool LabelsAsk(const std::optional<std::string>& enroll,
               const std::optional<std::string>& old_enroll) {
  const Wish wish = WishIn(enroll);
  return (wish == Wish::kUnset ? WishIn(old_enroll) : wish) == Wish::kYes;
}

Wish WishOf(const VmView& vm, const std::string& ns, const OptInIndex& index) {
  const Wish own = OwnWish(vm);
  if (own != Wish::kUnset) return own;
  const bool asked = index.NamespaceAsks(ns) || index.InstanceTypeAsks(vm.instance_type, ns) ||
                     index.PreferenceAsks(vm.preference, ns);
  return asked ? Wish::kYes : Wish::kUnset;
}

void OptInSets::Set(Kind kind, const std::string& ns, const std::string& name, bool asks) {
  std::unique_lock lock(mutex_);
  auto& set = asking_[static_cast<size_t>(kind)];
  asks ? void(set.emplace(ns, name)) : void(set.erase({ns, name}));
}

std::vector<std::string> OptInSets::Names(Kind kind) const {
  std::set<std::string> names;
  std::shared_lock lock(mutex_);
  for (const auto& [ns, name] : asking_[static_cast<size_t>(kind)]) names.insert(name);
  return {names.begin(), names.end()};
}

bool OptInSets::NamespaceAsks(const std::string& ns) const {
  std::shared_lock lock(mutex_);
  return asking_[static_cast<size_t>(Kind::kNamespace)].count({"", ns}) != 0;
}

bool OptInSets::InstanceTypeAsks(const VmReference& reference, const std::string& in) const {
  return Holds(Kind::kInstanceType, reference, in);
}

bool OptInSets::PreferenceAsks(const VmReference& reference, const std::string& in) const {
  return Holds(Kind::kPreference, reference, in);
}

// No kind, or one with "cluster" in it, is the cluster's (KubeVirt's default).
bool OptInSets::Holds(Kind kind, const VmReference& reference, const std::string& in) const {
  if (reference.name.empty()) return false;
  const bool cluster =
      reference.kind.empty() || absl::StrContains(absl::AsciiStrToLower(reference.kind), "cluster");
  std::shared_lock lock(mutex_);
  return asking_[static_cast<size_t>(kind)].count({cluster ? "" : in, reference.name}) != 0;
}

}  // namespace innkeeper
