#include "coordinator/home/kube/guest_crd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "coordinator/guests/names.h"
#include "coordinator/home/kube/guest_codec.h"
#include "coordinator/home/kube/guest_description.h"
#include "coordinator/home/kube/resource_schema.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json Schema() { return StructuralSchema(GuestMessage()); }

// What Kubernetes calls structural, and what `kubectl explain` lives on.
void ExpectWellFormed(const json& schema, const std::string& place) {
  ASSERT_TRUE(schema.contains("type")) << place;
  if (schema["type"] == "array") ExpectWellFormed(schema["items"], place + "[]");
  if (!schema.contains("properties")) return;
  for (const auto& [name, field] : schema["properties"].items()) {
    EXPECT_FALSE(field.value("description", "").empty()) << place << "." << name;
    ExpectWellFormed(field, place + "." + name);
  }
}

TEST(GuestCrd, EveryFieldHasATypeAndADescription) { ExpectWellFormed(Schema(), "guest"); }

TEST(GuestCrd, ItsNamesAreThoseOfTheCodec) {
  EXPECT_EQ(GuestResource().group(), kGuestGroup);
  EXPECT_EQ(GuestResource().version(), kGuestVersion);
  EXPECT_EQ(GuestResource().plural(), kGuestPlural);
}

TEST(GuestCrd, ItsEnumsAreThoseOfTheDomain) {
  json phases = json::array();
  for (const Phase phase : AllPhases()) phases.push_back(NameOf(phase));
  EXPECT_EQ(Schema()["properties"]["status"]["properties"]["phase"]["enum"], phases);
  const json methods =
      Schema()["properties"]["spec"]["properties"]["identity"]["properties"]["delivery"]["enum"];
  for (const std::string method : methods) EXPECT_TRUE(ParseDeliveryMethod(method)) << method;
  EXPECT_EQ(methods.size(), static_cast<size_t>(DeliveryMethod::kAgent));
}

TEST(GuestCrd, ConditionsAndReasonsAreNamedInIt) {
  const std::string text = GuestCrd();
  for (const Reason reason : AllReasons()) EXPECT_THAT(text, HasSubstr(TextOf(reason).code));
  const std::string types = Schema()["properties"]["status"]["properties"]["conditions"]["items"]
                                    ["properties"]["type"]["description"];
  for (const ConditionType type :
       {ConditionType::kHostRegistered, ConditionType::kEnrolled, ConditionType::kAgentConnected}) {
    EXPECT_THAT(types, HasSubstr(NameOf(type)));
  }
}

TEST(GuestCrd, TheColumnsAreThereInTheirOrder) {
  std::vector<std::string> names;
  for (const resource::v1::Column& column : GuestResource().columns()) {
    if (!column.wide()) names.push_back(column.name());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"FQDN", "Enrolled", "Addresses", "Kubeconfig", "Node",
                                             "Agent", "Age"}));
}

TEST(GuestCrd, TheReferenceHasEveryField) {
  const std::string page = GuestResourceReference();
  for (const char* field : {"`enroll`", "`delivery`", "`passwordGeneration`", "`unsureUntil`",
                            "`lastTransitionTime`", "| list of [Condition](#condition) |"}) {
    EXPECT_THAT(page, HasSubstr(field));
  }
}

}  // namespace
}  // namespace innkeeper
