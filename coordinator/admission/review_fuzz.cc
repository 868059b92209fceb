// Whoever can reach the webhook may send anything: it must not fall, and where it gives a patch, an
// implementation that is not ours must be able to apply it.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "coordinator/admission/vm_admission.h"

namespace {

using nlohmann::json;

void CheckPatch(const std::string& body, const std::string& patch) {
  const json review = json::parse(body, nullptr, false);
  // Only of documents that mean one thing: a key twice is read differently by different readers.
  if (review.is_discarded() || review.dump().size() + 64 < body.size()) return;
  const json vm = review["request"]["object"];
  const json changed = vm.patch(json::parse(patch));
  if (changed == vm) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace innkeeper;
  static const OptInSets index;
  static const VmAdmission admission(index, AdmissionRules{});
  const std::string body(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<VmReview> review = DecodeReview(body);
  if (!review.ok()) return 0;
  const Verdict verdict = admission.Admit(*review);
  const json answer = json::parse(EncodeAnswer(review->uid, verdict.answer));
  if (answer["response"]["uid"] != review->uid) std::abort();
  if (!verdict.answer.patch.empty()) CheckPatch(body, verdict.answer.patch);
  return 0;
}
