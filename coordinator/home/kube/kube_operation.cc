#include "coordinator/home/kube/kube_operation.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "coordinator/home/kube/json_fields.h"
#include "coordinator/home/kube/resource_version.h"

namespace innkeeper {
namespace {

constexpr char kName[] = "innkeeper-operation";
constexpr char kKey[] = "record";
// Two replicas may change it at once; more in a row is a fight that a caller should hear of.
constexpr int kTries = 5;

struct Decoded {
  std::string name;
  int64_t version = 0;
  OperationRecord record;
};

OperationRecord Damaged(const absl::Status& why) {
  OperationRecord record;
  record.brake = true;
  record.brake_reason = "ConfigMap " + std::string(kName) + ": " + std::string(why.message());
  return record;
}

absl::StatusOr<Decoded> Decode(std::string_view object) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(object.data(), object.size()).get(json) != simdjson::SUCCESS)
    return absl::DataLossError("the operation's ConfigMap is no object");
  absl::Status flaw;
  JsonFields root(json, "", flaw);
  std::string version, record;
  Decoded decoded;
  root.In("metadata").Read("name", decoded.name);
  root.In("metadata").Read("resourceVersion", version);
  root.In("data").Read(kKey, record);
  ASSIGN_OR_RETURN(decoded.version, ParseResourceVersion(version));
  absl::StatusOr<OperationRecord> parsed = DecodeOperation(record);
  if (!flaw.ok()) parsed = flaw;
  decoded.record = parsed.ok() ? *std::move(parsed) : Damaged(parsed.status());
  return decoded;
}

}  // namespace

KubePath KubeOperation::Path() const { return {{"", "v1", "configmaps"}, ns_, kName}; }

KubeCollection KubeOperation::Watched() const {
  return {.kind = {"", "v1", "configmaps"},
          .ns = ns_,
          .field_selector = "metadata.name=" + std::string(kName)};
}

absl::Status KubeOperation::Load(const Call& call) {
  const absl::StatusOr<std::string> object = client_.Get(Path(), call);
  if (absl::IsNotFound(object.status())) {
    stored_.With([](Stored& s) { s = {.loaded = true}; });
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Annotate(object.status(), "read the operation's record"));
  ASSIGN_OR_RETURN(Decoded decoded, Decode(*object));
  Take({true, decoded.version, std::move(decoded.record)});
  return absl::OkStatus();
}

void KubeOperation::Take(Stored now) {
  stored_.With([&](Stored& s) {
    if (!s.loaded || now.version > s.version) s = std::move(now);
  });
}

void KubeOperation::Upsert(std::string_view object) {
  absl::StatusOr<Decoded> decoded = Decode(object);
  if (!decoded.ok()) return LogError("operation not read", {{"err", decoded.status()}});
  const bool news = stored_.With([&](Stored& s) {
    if (decoded->name != kName || (s.loaded && decoded->version <= s.version)) return false;
    s = {true, decoded->version, decoded->record};
    return true;
  });
  if (news) Tell();
}

// Nothing is paused any more; the next change makes it anew.
void KubeOperation::Drop() {
  stored_.With([](Stored& s) { s = {.loaded = true}; });
  Tell();
}

void KubeOperation::Tell() {
  for (const auto& listener : listeners_.With([](auto& all) { return all; })) listener();
}

OperationState KubeOperation::State() const {
  return stored_.With([&](Stored& s) { return StateOf(s.record, limits_, clock_.Now()); });
}

absl::StatusOr<KubeOperation::Stored> KubeOperation::Store(const Stored& before,
                                                           const OperationRecord& next,
                                                           const Call& call) {
  nlohmann::json metadata{{"namespace", ns_}, {"name", kName}};
  if (before.version != 0) metadata["resourceVersion"] = std::to_string(before.version);
  const std::string body = nlohmann::json{{"apiVersion", "v1"},
                                          {"kind", "ConfigMap"},
                                          {"metadata", metadata},
                                          {"data", {{kKey, EncodeOperation(next)}}}}
                               .dump();
  absl::StatusOr<std::string> object = before.version == 0
                                           ? client_.Create(Path(), body, {}, call)
                                           : client_.Replace(Path(), body, {}, call);
  if (absl::IsAlreadyExists(object.status()) || absl::IsNotFound(object.status()))
    return absl::AbortedError("the operation's record was changed meanwhile");
  RETURN_IF_ERROR(Annotate(object.status(), "store the operation's record"));
  ASSIGN_OR_RETURN(Decoded decoded, Decode(*object));
  return Stored{true, decoded.version, std::move(decoded.record)};
}

absl::Status KubeOperation::Change(const std::function<absl::Status(OperationRecord&)>& change,
                                   const Call& call) {
  const std::scoped_lock one_at_a_time(changing_);
  absl::Status failed;
  for (int i = 0; i < kTries; ++i) {
    const Stored before = stored_.With([](Stored& s) { return s; });
    if (before.loaded) {
      OperationRecord next = before.record;
      const absl::Status verdict = change(next);
      if (next == before.record) return verdict;  // most calls while the brake holds: no write
      absl::StatusOr<Stored> stored = Store(before, next, call);
      if (stored.ok()) {
        Take(*std::move(stored));
        return verdict;
      }
      failed = stored.status();
      if (!absl::IsAborted(failed)) return failed;
    }
    RETURN_IF_ERROR(Load(call));
  }
  return failed;
}

absl::Status KubeOperation::ByPerson(const std::function<void(OperationRecord&)>& change,
                                     const Call& call) {
  RETURN_IF_ERROR(Change(
      [&](OperationRecord& record) {
        change(record);
        return absl::OkStatus();
      },
      call));
  Tell();
  return absl::OkStatus();
}

absl::Status KubeOperation::Pause(const std::string& who, const Call& call) {
  return ByPerson([&](OperationRecord& record) { innkeeper::Pause(record, who); }, call);
}

absl::Status KubeOperation::Resume(const Call& call) { return ByPerson(innkeeper::Resume, call); }

absl::Status KubeOperation::ReleaseBrake(const Call& call) {
  return ByPerson(innkeeper::ReleaseBrake, call);
}

absl::Status KubeOperation::CountRemoval(const GuestKey& guest, const Call& call) {
  return Change(
      [&](OperationRecord& record) {
        return innkeeper::CountRemoval(record, guest, limits_, clock_.Now());
      },
      call);
}

void KubeOperation::OnChange(std::function<void()> changed) {
  listeners_.With([&](auto& all) { all.push_back(std::move(changed)); });
}

}  // namespace innkeeper
