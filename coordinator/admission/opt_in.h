#pragma once
// Who asked to be enrolled, when a VM itself says nothing: labels of its namespace, instance type
// or preference. In memory; the watches of the home keep it up to date.

#include <set>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/admission/vm_view.h"
#include "coordinator/guests/guest.h"

namespace innkeeper {

// Thread-safe; never blocks for long. What is not known counts as without a label: the VM is
// enrolled later, when it is.
class OptInIndex {
 public:
  virtual ~OptInIndex() = default;
  virtual bool NamespaceAsks(const std::string& ns) const = 0;
  // `in`: the VM's namespace. A reference without a name asks for nothing.
  virtual bool InstanceTypeAsks(const VmReference& reference, const std::string& in) const = 0;
  virtual bool PreferenceAsks(const VmReference& reference, const std::string& in) const = 0;
};

// kYes or kNo only from a label that says "true" or "false"; the newer label wins. Only the VM's
// own label can be a no.
Wish OwnWish(const VmView& vm);
// The own wish, else kYes if anything that the VM inherits from asks, else kUnset.
Wish WishOf(const VmView& vm, const std::string& ns, const OptInIndex& index);

// True when these labels of a namespace, instance type or preference ask for enrolment.
bool LabelsAsk(const std::optional<std::string>& enroll,
               const std::optional<std::string>& old_enroll);

// The index as sets of who asks.
class OptInSets final : public OptInIndex {
 public:
  enum class Kind { kNamespace, kInstanceType, kPreference };
  // `ns` empty: of the cluster (and for namespaces).
  void Set(Kind kind, const std::string& ns, const std::string& name, bool asks);
  // Names of those that ask, of whatever namespace; sorted, each once.
  std::vector<std::string> Names(Kind kind) const;

  bool NamespaceAsks(const std::string& ns) const override;
  bool InstanceTypeAsks(const VmReference& reference, const std::string& in) const override;
  bool PreferenceAsks(const VmReference& reference, const std::string& in) const override;

 private:
  bool Holds(Kind kind, const VmReference& reference, const std::string& in) const;

  mutable std::shared_mutex mutex_;
  std::set<std::pair<std::string, std::string>> asking_[3];  // namespace and name, by kind
};

}  // namespace innkeeper
