#include "coordinator/home/kube/guest_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/testing/json_schema.h"
#include "coordinator/guests/names.h"
#include "coordinator/guests/testing/full_guest.h"
#include "coordinator/home/kube/guest_description.h"
#include "coordinator/home/kube/resource_schema.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

Guest FullGuest() {
  Guest guest;
  guest.key = {"lab", "web"};
  guest.uid = {"5f1c2a4e-9f7a-4a57-9d2c-3a1f0c0f7c11"};
  guest.spec = FullSpec();
  guest.status = FullStatus();
  return guest;
}

GuestOwner OwnerOf(const Guest& guest) { return {"VirtualMachine", guest.key.name, guest.uid}; }

// As the API server would hold it.
json Stored(const Guest& guest) {
  json object = json::parse(EncodeNewGuest(guest, OwnerOf(guest)));
  object["metadata"]["resourceVersion"] = "4711";
  object["metadata"]["uid"] = "object-uid";
  object["metadata"]["generation"] = 3;
  object["metadata"]["creationTimestamp"] = "2027-01-15T08:00:00Z";
  object["status"] = json::parse(EncodeStatus(guest.status, 3));
  return object;
}

GuestObject Decoded(const json& object) {
  const absl::StatusOr<GuestObject> decoded = DecodeGuest(object.dump());
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded.value_or(GuestObject{});
}

TEST(GuestCodec, EveryFieldSurvivesARoundTrip) {
  const Guest guest = FullGuest();
  const GuestObject back = Decoded(Stored(guest));
  EXPECT_TRUE(back.flaw.ok()) << back.flaw;
  EXPECT_EQ(back.guest.key, guest.key);
  EXPECT_EQ(back.guest.uid, guest.uid);
  EXPECT_EQ(back.guest.spec, guest.spec);
  EXPECT_EQ(back.guest.status, guest.status);
  EXPECT_EQ(back.guest.version, 4711);
  EXPECT_EQ(back.generation, 3);
  EXPECT_EQ(back.uid, "object-uid");
  EXPECT_EQ(back.finalizers, std::vector<std::string>{kGuestFinalizer});
  EXPECT_FALSE(back.guest.deleting);
  EXPECT_EQ(absl::FormatTime(back.guest.created, absl::UTCTimeZone()), "2027-01-15T08:00:00+00:00");
}

TEST(GuestCodec, DefaultsSurviveARoundTripAndAreNotWritten) {
  Guest guest;
  guest.key = {"lab", "web"};
  guest.uid = {"uid"};
  const json object = Stored(guest);
  EXPECT_EQ(object["spec"]["identity"], (json{{"generation", 0}}));
  const GuestObject back = Decoded(object);
  EXPECT_EQ(back.guest.spec, guest.spec);
  EXPECT_EQ(back.guest.status, guest.status);
}

TEST(GuestCodec, WhatItWritesFitsTheSchema) {
  const json schema = StructuralSchema(GuestMessage());
  const JsonSchema check(schema);
  for (Guest guest : {FullGuest(), Guest{{"lab", "web"}, {"uid"}}}) {
    json object = Stored(guest);
    EXPECT_EQ(object["apiVersion"], GuestResource().group() + "/" + GuestResource().version());
    for (const char* name : {"apiVersion", "kind", "metadata"}) object.erase(name);
    EXPECT_THAT(check.Check(schema, object), IsEmpty());
  }
}

TEST(GuestCodec, TheSchemaHasNothingThatTheCodecDoesNotKnow) {
  const json schema = StructuralSchema(GuestMessage())["properties"];
  const json full = Stored(FullGuest());
  const auto all_written = [](const json& of, const json& object) {
    for (const auto& [name, field] : of["properties"].items())
      EXPECT_TRUE(object.contains(name)) << name;
  };
  all_written(schema["spec"]["properties"]["identity"], full["spec"]["identity"]);
  const json status = schema["status"]["properties"];
  all_written(schema["status"], full["status"]);
  all_written(status["attempt"], full["status"]["attempt"]);
  all_written(status["setback"], full["status"]["setback"]);
  all_written(status["conditions"]["items"], full["status"]["conditions"][0]);
}

// The API server refuses a status as a whole: what is too long is cut, not lost with the rest.
TEST(GuestCodec, AnOverlongStatusStillFitsTheSchema) {
  const json schema = StructuralSchema(GuestMessage())["properties"]["status"];
  Guest guest = FullGuest();
  GuestStatus& status = guest.status;
  status.host_dn = std::string(5000, 'x');
  status.os = std::string(254, 'x') + "\xc3\xa4";
  status.addresses = std::vector<std::string>(100, "192.0.2.1");
  for (int i = 0; i < 100; ++i) status.addresses.push_back("192.0.2." + std::to_string(i));
  status.conditions[ConditionType::kEnrolled].message = std::string(40'000, 'x');
  status.keytab_since = absl::InfiniteFuture();
  const json object = Stored(guest);
  EXPECT_THAT(JsonSchema(schema).Check(schema, object["status"]), IsEmpty());
  const GuestObject back = Decoded(object);
  EXPECT_TRUE(back.flaw.ok()) << back.flaw;
  EXPECT_EQ(back.guest.status.os, std::string(254, 'x'));
  EXPECT_EQ(back.guest.status.addresses.size(), 64u);
}

TEST(GuestCodec, NonsenseIsNamedAndTheRestIsRead) {
  const struct {
    const char* at;
    json value;
    const char* says;
  } cases[] = {
      {"/spec/identity/enroll", "maybe", "spec.identity.enroll: not true or false"},
      {"/spec/identity/delivery", "Pigeon", "spec.identity.delivery: not one of its values"},
      {"/spec/identity/hostGroups/1", 7, "spec.identity.hostGroups[1]: not a text"},
      {"/spec/identity/hostGroups", "web", "spec.identity.hostGroups: not a list"},
      {"/spec/identity/generation", 1.5, "spec.identity.generation: not a whole number"},
      {"/spec/identity/fqdn", json::object(), "spec.identity.fqdn: not a text"},
      {"/spec/identity", json::array(), "spec.identity: not an object"},
      {"/spec", 4, "spec: not an object"},
      {"/status/phase", "Happy", "status.phase: not one of its values"},
      {"/status/failures", 1e15, "status.failures"},
      {"/status/failures", int64_t{1} << 40, "status.failures: too large a number"},
      {"/status/keytabSince", "yesterday", "status.keytabSince: not a time"},
      {"/status/keytabSince", "infinite-future", "status.keytabSince: not a time"},
      {"/status/enrollTook", "inf", "status.enrollTook: not a duration"},
      {"/status/attempt/started", true, "status.attempt.started: not a text"},
      {"/status/attempt/id", nullptr, "status.attempt.id: not set"},
      {"/status/phaseTimes/Enjoying", "2027-01-15T08:00:00Z", "status.phaseTimes.Enjoying"},
      {"/status/conditions/0/status", "Perhaps", "status.conditions[0].status"},
      {"/status/conditions/0", "x", "status.conditions[0]: not an object"},
      {"/metadata/ownerReferences", nullptr, ""},
  };
  for (const auto& c : cases) {
    json object = Stored(FullGuest());
    object[json::json_pointer(c.at)] = c.value;
    const GuestObject back = Decoded(object);
    EXPECT_THAT(std::string(back.flaw.message()), HasSubstr(c.says)) << c.at;
    EXPECT_EQ(back.flaw.ok(), *c.says == '\0') << c.at;
    EXPECT_EQ(back.guest.key.Text(), "lab/web");
    EXPECT_EQ(back.guest.uid, FullGuest().uid);
    EXPECT_EQ(back.guest.status.node.text, "host1") << c.at;
  }
}

TEST(GuestCodec, AGuestOfNoVmIsAFlaw) {
  json object = Stored(FullGuest());
  object["metadata"].erase("labels");
  EXPECT_TRUE(Decoded(object).flaw.ok()) << "the owner reference is enough";
  object["metadata"]["ownerReferences"][0]["kind"] = "Pod";
  EXPECT_THAT(Decoded(object).flaw.ToString(), HasSubstr("metadata.ownerReferences: names no VM"));
}

TEST(GuestCodec, WhatIsNoObjectOfAnApiServerIsRefused) {
  for (const char* text : {"", "{", "[]", "7", "{}", R"({"metadata":{"name":"a"}})",
                           R"({"metadata":{"name":"a","namespace":"b"}})",
                           R"({"metadata":{"name":"a","namespace":"b","resourceVersion":"x"}})",
                           R"({"metadata":{"name":"a","namespace":"b","resourceVersion":"-4"}})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(DecodeGuest(text).status())) << text;
  }
  json object = Stored(FullGuest());
  object["metadata"]["resourceVersion"] = "99999999999999999999";
  EXPECT_FALSE(DecodeGuest(object.dump()).ok());
  EXPECT_FALSE(DecodeGuest(std::string(2 << 20, ' ')).ok());
}

TEST(GuestCodec, ANewerCoordinatorsObjectIsRead) {
  json object = Stored(FullGuest());
  object["spec"]["kubeconfig"] = {{"fetch", true}};
  object["status"]["weather"] = "fine";
  object["status"]["conditions"].push_back({{"type", "KubeconfigReady"}, {"status", "True"}});
  object["status"]["conditions"][0]["reason"] = "NotInventedYet";
  const GuestObject back = Decoded(object);
  EXPECT_TRUE(back.flaw.ok()) << back.flaw;
  EXPECT_EQ(back.guest.status.conditions.size(), 2u);
}

TEST(GuestCodec, AMergePatchUnsetsWhatIsNotSet) {
  const json patch = json::parse(EncodeIdentity(IdentitySpec{}));
  for (const char* name : {"enroll", "delivery", "fqdn", "hostGroups", "hostClass"})
    EXPECT_TRUE(patch.contains(name) && patch[name].is_null()) << name;
  json identity = json::parse(EncodeIdentity(FullSpec()));
  identity["newer"] = 1;
  identity.merge_patch(patch);
  EXPECT_EQ(identity, (json{{"generation", 0}, {"newer", 1}}));
}

TEST(GuestCodec, AnObjectThatIsBeingDeletedIsDeleting) {
  json object = Stored(FullGuest());
  object["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z";
  EXPECT_TRUE(Decoded(object).guest.deleting);
}

}  // namespace
}  // namespace innkeeper
