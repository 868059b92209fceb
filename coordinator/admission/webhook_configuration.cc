#include "coordinator/admission/webhook_configuration.h"

#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/escaping.h"
#include "coordinator/admission/json_text.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr size_t kMostNames = 500;

std::string OneOf(const std::string& field, const std::vector<std::string>& names) {
  const std::set<std::string> sorted(names.begin(), names.end());
  std::string list = R"("")";  // KubeVirt fills the name in later
  for (const std::string& name : sorted) list += ", " + JsonString(name);
  const std::string reference = "object.spec." + field;
  return "(has(" + reference + ") && (!has(" + reference + ".name) || " + reference + ".name in [" +
         list + "]))";
}

class Planner {
 public:
  Planner(const WebhookWish& wish, const std::function<bool(const std::string&)>& trusts)
      : wish_(wish), trusts_(trusts) {}

  // Throws what nlohmann throws.
  void Look(size_t index, const json& entry) {
    const std::string name = entry.at("name"), path = "/webhooks/" + std::to_string(index);
    const json& client = entry.at("clientConfig");
    const std::string bundle = client.value("caBundle", "");
    std::string pem;
    if (!absl::Base64Unescape(bundle, &pem) || !trusts_(pem)) plan_.mistrusting.push_back(name);
    const std::string wanted = absl::Base64Escape(wish_.ca_bundle);
    if (!wanted.empty() && bundle != wanted) {
      Guard(path + "/name", name);
      patch_.Add(path + "/clientConfig/caBundle", JsonString(wanted));
    }
    if (name != kTypeEntry) return;
    SetCondition(path, name, entry.value("matchConditions", json::array()));
  }
  WebhookPlan Plan() {
    plan_.patch = patch_.Take();
    return std::move(plan_);
  }

 private:
  void Guard(const std::string& path, const std::string& value) {
    patch_.Test(path, JsonString(value));
  }

  void SetCondition(const std::string& entry, const std::string& name, const json& conditions) {
    const std::string expression = AskingExpression(wish_.asking);
    const std::string list = entry + "/matchConditions";
    const json condition = {{"name", kAskingCondition}, {"expression", expression}};
    for (size_t i = 0; i < conditions.size(); ++i) {
      if (conditions[i].at("name") != kAskingCondition) continue;
      if (conditions[i].at("expression") == expression) return;
      const std::string path = list + "/" + std::to_string(i);
      Guard(entry + "/name", name);
      Guard(path + "/name", kAskingCondition);
      return patch_.Add(path + "/expression", JsonString(expression));
    }
    Guard(entry + "/name", name);
    if (conditions.empty()) return patch_.Add(list, json::array({condition}).dump());
    patch_.Add(list + "/-", condition.dump());
  }

  const WebhookWish& wish_;
  const std::function<bool(const std::string&)>& trusts_;
  JsonPatchText patch_;
  WebhookPlan plan_;
};

}  // namespace

std::string AskingExpression(const AskingTypes& types) {
  if (types.instance_types.size() + types.preferences.size() > kMostNames) return "true";
  return OneOf("instancetype", types.instance_types) + " || " +
         OneOf("preference", types.preferences);
}

absl::StatusOr<WebhookPlan> PlanWebhooks(std::string_view live, const WebhookWish& wish,
                                         const std::function<bool(const std::string&)>& trusts) {
  Planner planner(wish, trusts);
  try {
    const json configuration = json::parse(live);
    const json& entries = configuration.at("webhooks");
    for (size_t i = 0; i < entries.size(); ++i) planner.Look(i, entries[i]);
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(std::string("webhook configuration: ") + error.what());
  }
  return planner.Plan();
}

}  // namespace innkeeper
