#include "coordinator/guests/names.h"
#include "coordinator/home/kube/guest_codec.h"
#include "coordinator/home/kube/json_fields.h"
#include "coordinator/home/kube/resource_version.h"

namespace innkeeper {
namespace {

// Of one object: etcd takes no more than 1.5 MiB, and a real Guest has a few KiB.
constexpr size_t kLargestObject = 1 << 20;

bool IsVmKind(const std::string& kind) {
  return kind == "VirtualMachine" || kind == "VirtualMachineInstance";
}

VmUid UidOf(JsonFields& metadata) {
  VmUid uid;
  metadata.In("labels").Read(kVmUidLabel, uid.text);
  metadata.EachItem("ownerReferences", [&](JsonFields owner) {
    std::string version, kind;
    owner.Read("apiVersion", version);
    owner.Read("kind", kind);
    if (version.starts_with("kubevirt.io/") && IsVmKind(kind)) owner.Read("uid", uid.text);
  });
  return uid;
}

absl::Status ReadMetadata(JsonFields metadata, absl::Status& flaw, GuestObject& object) {
  std::string version, deletion;
  metadata.Read("namespace", object.guest.key.space);
  metadata.Read("name", object.guest.key.name);
  metadata.Read("uid", object.uid);
  metadata.Read("resourceVersion", version);
  metadata.Read("generation", object.generation);
  metadata.Read("finalizers", object.finalizers);
  metadata.Read("creationTimestamp", object.guest.created);
  metadata.Read("deletionTimestamp", deletion);
  object.guest.deleting = !deletion.empty();
  object.guest.uid = UidOf(metadata);
  RETURN_IF_ERROR(flaw);
  RETURN_IF_ERROR(ParseGuestKey(object.guest.key.Text()).status());
  if (object.guest.uid.text.empty())
    metadata.Fail("ownerReferences",
                  "names no VM, and there is no label " + std::string(kVmUidLabel));
  ASSIGN_OR_RETURN(object.guest.version, ParseResourceVersion(version));
  return absl::OkStatus();
}

void ReadSpec(JsonFields in, IdentitySpec& spec) {
  if (in.Has("enroll")) {
    bool enroll = false;
    in.Read("enroll", enroll);
    spec.enroll = enroll ? Wish::kYes : Wish::kNo;
  }
  in.ReadName("delivery", spec.delivery, ParseDeliveryMethod);
  in.Read("fqdn", spec.fqdn);
  in.Read("hostGroups", spec.host_groups);
  in.Read("hostClass", spec.host_class);
  in.Read("generation", spec.generation);
}

void ReadConditions(JsonFields& status, std::map<ConditionType, Condition>& conditions) {
  status.EachItem("conditions", [&](JsonFields in) {
    std::string name, reason;
    Condition condition;
    in.Read("type", name);
    in.Read("reason", reason);
    const std::optional<ConditionType> type = ParseConditionType(name);
    const std::optional<Reason> known = ParseReason(reason);
    if (!type || !known) return;  // a newer coordinator's: made anew by the next pass
    condition.reason = *known;
    in.ReadName("status", condition.truth, ParseTruth);
    in.Read("message", condition.message);
    in.Read("lastTransitionTime", condition.since);
    conditions[*type] = std::move(condition);
  });
}

void ReadPhaseTimes(JsonFields in, std::map<Phase, absl::Time>& times) {
  in.EachName([&](std::string_view name) {
    const std::optional<Phase> phase = ParsePhase(std::string(name));
    if (!phase) return in.Fail(name, "not a phase");
    in.Read(name, times[*phase]);
  });
}

void ReadAttempt(JsonFields in, std::optional<Attempt>& value) {
  if (!in.present()) return;
  Attempt& attempt = value.emplace();
  in.Read("id", attempt.id);
  in.Read("passwordGeneration", attempt.password_generation);
  in.Read("specGeneration", attempt.spec_generation);
  in.Read("started", attempt.started);
  in.Read("run", attempt.run);
  in.Read("server", attempt.server);
  in.Read("delivered", attempt.delivered);
  in.Read("guestPid", attempt.guest_pid);
  in.Read("byDisk", attempt.by_disk);
  if (attempt.id.empty()) in.Fail("id", "not set");
}

void ReadSetback(JsonFields in, std::optional<Setback>& value) {
  if (!in.present()) return;
  Setback& setback = value.emplace();
  in.Read("at", setback.at);
  in.Read("run", setback.run);
  in.Read("generation", setback.generation);
  in.Read("final", setback.final);
}

void ReadStatus(JsonFields in, GuestStatus& status) {
  in.ReadName("phase", status.phase, ParsePhase);
  in.Read("fqdn", status.fqdn.text);
  in.Read("hostDn", status.host_dn);
  in.Read("keytabSince", status.keytab_since);
  in.Read("node", status.node.text);
  in.Read("addresses", status.addresses);
  in.Read("os", status.os);
  in.Read("hostGroups", status.host_groups);
  in.Read("enrolledGeneration", status.enrolled_generation);
  in.Read("firstTry", status.first_try);
  in.Read("enrollTook", status.enroll_took);
  in.Read("failures", status.failures);
  in.Read("nextTry", status.next_try);
  in.Read("passwordGeneration", status.password_generation);
  in.Read("unsureUntil", status.unsure_until);
  in.Read("verifiedRun", status.verified_run);
  in.Read("leavingSince", status.leaving_since);
  in.Read("diskLoaded", status.disk_loaded);
  ReadConditions(in, status.conditions);
  ReadPhaseTimes(in.In("phaseTimes"), status.phase_times);
  ReadAttempt(in.In("attempt"), status.attempt);
  ReadSetback(in.In("setback"), status.setback);
}

}  // namespace

absl::StatusOr<GuestObject> DecodeGuest(std::string_view object) {
  if (object.size() > kLargestObject) return absl::InvalidArgumentError("over 1 MiB");
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(object.data(), object.size()).get(json) != simdjson::SUCCESS)
    return absl::InvalidArgumentError("not JSON");
  GuestObject decoded;
  absl::Status flaw;
  JsonFields root(json, "", flaw);
  RETURN_IF_ERROR(ReadMetadata(root.In("metadata"), flaw, decoded));
  ReadSpec(root.In("spec").In("identity"), decoded.guest.spec);
  ReadStatus(root.In("status"), decoded.guest.status);
  decoded.flaw = flaw;
  return decoded;
}

}  // namespace innkeeper
