#pragma once
// The VirtualMachine webhook's whole answer: pure, from the request, the index and the rules.

#include <memory>
#include <string>

#include "base/guarded.h"
#include "coordinator/admission/opt_in.h"
#include "coordinator/admission/review.h"
#include "coordinator/admission/vm_plan.h"

namespace innkeeper {

enum class AdmissionResult {
  kPrepared,   // disk or user-data put in, or put back
  kRestored,   // taken out again
  kUnchanged,  // as it should be already
  kAgent,      // asked for, and left to the guest agent
  kNotAsked,
  kRefused,    // its name is impossible
  kIllFormed,  // the schema will refuse it
  kNotOurs,    // neither a creation nor an update of a VirtualMachine
};
const char* NameOf(AdmissionResult result);

struct AdmissionVerdict {
  AdmissionResult result = AdmissionResult::kNotOurs;
  ReviewAnswer answer;
};

// Thread-safe. Never blocks, never calls anybody, keeps nothing: dry runs and retries are free.
class VmAdmission {
 public:
  // `index` outlives it.
  VmAdmission(const OptInIndex& index, AdmissionRules rules);
  void SetRules(AdmissionRules rules);

  AdmissionVerdict Admit(const VmReview& review) const;

 private:
  const OptInIndex& index_;
  mutable Guarded<std::shared_ptr<const AdmissionRules>> rules_;
};

}  // namespace innkeeper
