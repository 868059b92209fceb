#include "coordinator/admission/vm_admission.h"

#include <iterator>

#include "coordinator/admission/vm_patch.h"

namespace innkeeper {
namespace {

const std::string& NameIn(const VmReview& review) {
  return review.vm.name.empty() ? review.key.name : review.vm.name;
}

// Why the VM's host name cannot be; empty: it can, or it is not known yet.
std::string NameProblem(const VmReview& review, const AdmissionRules& rules) {
  if (rules.naming.domain.empty() || NameIn(review).empty()) return "";
  Guest guest;
  guest.key = {review.key.space, NameIn(review)};
  guest.spec.fqdn = review.vm.fqdn.value_or("");
  const PolicyDecision decision = Decide(rules.policy, guest, std::nullopt, rules.naming);
  if (!decision.refusal || decision.refusal->reason != Reason::kNameRefused) return "";
  return decision.refusal->message;
}

// A VM that was admitted once stays editable, whatever policy says now.
bool NameIsNew(const VmReview& review, const OptInIndex& index) {
  if (!review.old) return true;
  return review.vm.fqdn != review.old->fqdn ||
         WishOf(*review.old, review.key.space, index) != Wish::kYes;
}

std::string Refusal(const std::string& problem) {
  return "innkeeper cannot enrol this VM: " + problem + ". Name another host in the annotation " +
         kFqdnAnnotation + ", or decline with the label " + kEnrollLabel + ": \"false\"";
}

const char* Explain(LeftToAgent reason) {
  switch (reason) {
    case LeftToAgent::kNoCloudInit:
      return "it has no cloud-init volume";
    case LeftToAgent::kForm:
      return "cloud-init does not act upon user-data of that form";
    case LeftToAgent::kSecretUnreadable:
      return "its user-data is in a Secret that innkeeper may not read";
    case LeftToAgent::kOriginalLost:
      return "its user-data is a Secret of innkeeper's, and the annotation with the user's is gone";
    case LeftToAgent::kNameTaken:
      return "it has another volume named innkeeper";
    case LeftToAgent::kListFull:
      return "it has as many disks or volumes as KubeVirt allows";
    default:
      return "";
  }
}

// Told once, at creation; a choice or what KubeVirt itself refuses needs no word of ours.
void Warn(const VmReview& review, const VmPlan& plan, ReviewAnswer& answer) {
  const std::string why = Explain(plan.left);
  if (review.old || why.empty()) return;
  std::string text = plan.step == VmStep::kAttach
                         ? "innkeeper left the user-data alone, the image must join by itself: "
                         : "innkeeper enrols this VM through its guest agent: ";
  text += why;
  if (plan.left == LeftToAgent::kForm) text += std::string(" (") + NameOf(plan.form) + ")";
  answer.warnings.push_back(std::move(text));
}

AdmissionResult ResultOf(const VmPlan& plan, Wish wish, bool changed) {
  if (changed) {
    return plan.step == VmStep::kAttach ? AdmissionResult::kPrepared : AdmissionResult::kRestored;
  }
  if (plan.step == VmStep::kAttach) return AdmissionResult::kUnchanged;
  return wish == Wish::kYes ? AdmissionResult::kAgent : AdmissionResult::kNotAsked;
}

}  // namespace

VmAdmission::VmAdmission(const OptInIndex& index, AdmissionRules rules)
    : index_(index), rules_(std::make_shared<const AdmissionRules>(std::move(rules))) {}

void VmAdmission::SetRules(AdmissionRules rules) {
  auto fresh = std::make_shared<const AdmissionRules>(std::move(rules));
  rules_.With([&](std::shared_ptr<const AdmissionRules>& current) { current = std::move(fresh); });
}

AdmissionVerdict VmAdmission::Admit(const VmReview& review) const {
  AdmissionVerdict verdict;
  if (!review.IsOfVms() || review.operation == ReviewOperation::kOther) return verdict;
  if (review.vm.ill_formed) {
    verdict.result = AdmissionResult::kIllFormed;
    return verdict;
  }
  const auto rules = rules_.With([](const auto& current) { return current; });
  const Wish wish = WishOf(review.vm, review.key.space, index_);
  if (wish == Wish::kYes && !review.vm.deleting && NameIsNew(review, index_)) {
    const std::string problem = NameProblem(review, *rules);
    if (!problem.empty()) {
      verdict.result = AdmissionResult::kRefused;
      verdict.answer.allowed = false;
      verdict.answer.refusal = Refusal(problem);
      return verdict;
    }
  }
  const VmPlan plan = PlanVm(review, wish, *rules);
  verdict.answer.patch = PatchFor(review.vm, plan);
  verdict.result = ResultOf(plan, wish, !verdict.answer.patch.empty());
  if (wish == Wish::kYes) Warn(review, plan, verdict.answer);
  return verdict;
}

const char* NameOf(AdmissionResult result) {
  constexpr const char* kNames[] = {"prepared",  "restored", "unchanged",  "agent",
                                    "not-asked", "refused",  "ill-formed", "not-ours"};
  static_assert(std::size(kNames) == static_cast<size_t>(AdmissionResult::kNotOurs) + 1);
  return kNames[static_cast<size_t>(result)];
}

}  // namespace innkeeper
