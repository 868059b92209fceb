// Whoever can reach the webhook may send anything: it must not fall, and where it gives a patch, an
// implementation that is not ours must be able to apply it.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "coordinator/admission/vm_admission.h"

namespace {

using nlohmann::json;

// Nothing of a document with a key twice, which each reader understands in its own way.
std::optional<json> ParseOneMeaning(const std::string& body) {
  std::vector<std::set<std::string>> keys;
  bool twice = false;
  const auto look = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed).second) twice = true;
    return true;
  };
  json document = json::parse(body, look, false);
  if (document.is_discarded() || twice) return std::nullopt;
  return document;
}

void CheckPatch(const std::string& body, const std::string& patch) {
  const std::optional<json> review = ParseOneMeaning(body);
  if (!review) return;
  const json vm = review->at("request").at("object");
  if (vm.patch(json::parse(patch)) == vm) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace innkeeper;
  static const OptInSets index;
  static const VmAdmission admission(index, AdmissionRules{});
  const std::string body(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<VmReview> review = DecodeReview(body);
  if (!review.ok()) return 0;
  const AdmissionVerdict verdict = admission.Admit(*review);
  const json answer = json::parse(EncodeAnswer(review->uid, verdict.answer));
  if (answer["response"]["uid"] != review->uid) std::abort();
  if (!verdict.answer.patch.empty()) CheckPatch(body, verdict.answer.patch);
  return 0;
}
