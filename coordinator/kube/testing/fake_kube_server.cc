#include "coordinator/kube/testing/fake_kube_server.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/time/time.h"
#include "coordinator/kube/testing/fake_objects.h"

namespace innkeeper {
namespace {

using nlohmann::json;

absl::Status NotThere(const std::string& name) {
  return Refuse(404, "NotFound", "\"" + name + "\" not found");
}

std::string FreshUid(int64_t number) {
  char text[40];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

FakeKubeServer::FakeKubeServer(const Clock& clock, std::vector<FakeKubeKind> kinds)
    : clock_(clock) {
  for (FakeKubeKind& kind : kinds) {
    kind.selectable.insert(kind.selectable.end(), {"metadata.name", "metadata.namespace"});
    const KubeKind key = kind.kind;
    kinds_.emplace(key, std::move(kind));
  }
}

std::string FakeKubeServer::Now() const {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.Now(), absl::UTCTimeZone());
}

absl::StatusOr<const FakeKubeKind*> FakeKubeServer::Find(const KubeKind& kind) const {
  const auto it = kinds_.find(kind);
  if (it == kinds_.end())
    return Refuse(404, "NotFound", "the server could not find the requested resource");
  return &it->second;
}

absl::StatusOr<FakeKubeServer::Key> FakeKubeServer::KeyOf(const KubePath& path) const {
  ASSIGN_OR_RETURN(const FakeKubeKind* kind, Find(path.kind));
  if (kind->namespaced == path.ns.empty())
    return Refuse(404, "NotFound", "the server could not find the requested resource");
  if (!path.subresource.empty() && (path.subresource != "status" || !kind->status))
    return Refuse(404, "NotFound", "there is no subresource " + path.subresource);
  return Key{path.kind, path.ns, path.name};
}

FakeKubeServer::Stored* FakeKubeServer::Look(const Key& key) {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : &it->second;
}

void FakeKubeServer::RunRace() {
  std::function<void()> race;
  {
    std::scoped_lock lock(mutex_);
    race = std::exchange(race_, nullptr);
  }
  if (race) race();
}

void FakeKubeServer::Commit(const Key& key, json object, FieldOwners owners) {
  ++version_;
  object["metadata"]["resourceVersion"] = std::to_string(version_);
  const auto stored = std::make_shared<const json>(std::move(object));
  Stored& slot = objects_[key];
  history_.push_back({version_, false, key, slot.object, stored});
  slot = {stored, std::move(owners)};
  changed_.notify_all();
}

void FakeKubeServer::Drop(const Key& key) {
  const auto it = objects_.find(key);
  ++version_;
  json last = *it->second.object;
  last["metadata"]["resourceVersion"] = std::to_string(version_);
  history_.push_back(
      {version_, false, key, std::make_shared<const json>(std::move(last)), nullptr});
  objects_.erase(it);
  changed_.notify_all();
}

absl::StatusOr<std::string> FakeKubeServer::Get(const KubePath& path) {
  std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Key key, KeyOf(path));
  const Stored* stored = Look(key);
  if (stored == nullptr) return NotThere(path.name);
  return stored->object->dump();
}

absl::StatusOr<std::string> FakeKubeServer::Insert(const Key& key, json object, FieldOwners owners,
                                                   const KubeWrite& how) {
  const FakeKubeKind& kind = kinds_.at(key.kind);
  if (!MetaText(object, "resourceVersion").empty())
    return Refuse(400, "BadRequest", "resourceVersion should not be set on objects to be created");
  object["apiVersion"] =
      key.kind.group.empty() ? key.kind.version : key.kind.group + "/" + key.kind.version;
  object["kind"] = kind.name;
  json& metadata = object["metadata"];
  metadata["name"] = key.name;
  if (kind.namespaced) metadata["namespace"] = key.ns;
  metadata["uid"] = FreshUid(++uids_);
  metadata["creationTimestamp"] = Now();
  if (kind.generation) metadata["generation"] = 1;
  for (const char* servers : {"deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"})
    metadata.erase(servers);
  if (kind.status) object.erase("status");
  if (kind.admit) RETURN_IF_ERROR(kind.admit(object));
  if (how.dry_run) return object.dump();
  Commit(key, std::move(object), std::move(owners));
  return Look(key)->object->dump();
}

absl::StatusOr<std::string> FakeKubeServer::Create(const KubePath& path, const std::string& object,
                                                   const Writer& writer) {
  RunRace();
  ASSIGN_OR_RETURN(json wanted, ParseObject(object));
  std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(Key key, KeyOf(path));
  const FakeKubeKind& kind = kinds_.at(key.kind);
  if (!kind.kept) {
    if (kind.admit) RETURN_IF_ERROR(kind.admit(wanted));
    return wanted.dump();
  }
  if (key.name.empty()) key.name = MetaText(wanted, "name");
  if (key.name.empty() && !MetaText(wanted, "generateName").empty())
    key.name = MetaText(wanted, "generateName") + std::to_string(uids_ + 10'000);
  if (key.name.empty()) return Refuse(422, "Invalid", "name or generateName is required");
  const std::string ns = MetaText(wanted, "namespace");
  if (!MetaText(wanted, "name").empty() && MetaText(wanted, "name") != key.name)
    return Refuse(400, "BadRequest", "the name of the object does not match the request's");
  if (!ns.empty() && ns != key.ns)
    return Refuse(400, "BadRequest", "the namespace of the object does not match the request's");
  if (Look(key) != nullptr)
    return Refuse(409, "AlreadyExists", "\"" + key.name + "\" already exists");
  FieldOwners owners;
  owners.Updated(writer.manager, nullptr, wanted);
  return Insert(key, std::move(wanted), std::move(owners), writer.how);
}

absl::StatusOr<std::string> FakeKubeServer::Update(const KubePath& path, json wanted,
                                                   FieldOwners owners, const Writer& writer) {
  ASSIGN_OR_RETURN(const Key key, KeyOf(path));
  const json old = *Look(key)->object;
  const FakeKubeKind& kind = kinds_.at(key.kind);
  RETURN_IF_ERROR(CheckVersion(wanted, old));
  ASSIGN_OR_RETURN(json merged,
                   Merge(old, std::move(wanted), {kind.status, !path.subresource.empty()}));
  if (kind.admit) RETURN_IF_ERROR(kind.admit(merged));
  if (merged == old) {  // nothing changed: no event, no new version
    if (!writer.how.dry_run) Look(key)->owners = std::move(owners);
    return old.dump();
  }
  if (kind.generation && SpecDiffers(merged, old, kind.status))
    merged["metadata"]["generation"] = old["metadata"].value("generation", 0) + 1;
  if (writer.how.dry_run) return merged.dump();
  const bool gone = merged["metadata"].contains("deletionTimestamp") && !HasFinalizers(merged);
  Commit(key, std::move(merged), std::move(owners));
  const std::string text = Look(key)->object->dump();
  if (gone) {
    history_.pop_back();  // the last finalizer's removal is seen as the deletion only
    Drop(key);
  }
  return text;
}

absl::StatusOr<std::string> FakeKubeServer::Replace(const KubePath& path, const std::string& object,
                                                    const Writer& writer) {
  RunRace();
  ASSIGN_OR_RETURN(json wanted, ParseObject(object));
  std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Key key, KeyOf(path));
  const Stored* stored = Look(key);
  if (stored == nullptr) return NotThere(path.name);
  if (MetaText(wanted, "name") != path.name)
    return Refuse(400, "BadRequest", "the name of the object does not match the request's");
  if (MetaText(wanted, "resourceVersion").empty() && !kinds_.at(key.kind).unconditional)
    return Refuse(422, "Invalid", "metadata.resourceVersion: must be specified for an update");
  FieldOwners owners = stored->owners;
  owners.Updated(writer.manager, *stored->object, wanted);
  return Update(path, std::move(wanted), std::move(owners), writer);
}

absl::StatusOr<std::string> FakeKubeServer::Patch(const KubePath& path, KubePatch form,
                                                  const std::string& patch, const Writer& writer) {
  RunRace();
  std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Key key, KeyOf(path));
  const Stored* stored = Look(key);
  if (stored == nullptr) return NotThere(path.name);
  ASSIGN_OR_RETURN(json wanted, PatchObject(*stored->object, form, patch));
  FieldOwners owners = stored->owners;
  owners.Updated(writer.manager, *stored->object, wanted);
  return Update(path, std::move(wanted), std::move(owners), writer);
}

absl::StatusOr<std::string> FakeKubeServer::Apply(const KubePath& path, const std::string& object,
                                                  const Writer& writer) {
  RunRace();
  ASSIGN_OR_RETURN(const json config, ParseObject(object));
  std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Key key, KeyOf(path));
  const Stored* stored = Look(key);
  FieldOwners owners = stored == nullptr ? FieldOwners() : stored->owners;
  if (stored == nullptr) {
    if (!path.subresource.empty()) return NotThere(path.name);
    if (!MetaText(config, "uid").empty())
      return Refuse(409, "Conflict", "uid mismatch: the object is not there");
    ASSIGN_OR_RETURN(json made, owners.Apply(writer.manager, config, config, writer.how.force));
    return Insert(key, std::move(made), std::move(owners), writer.how);
  }
  RETURN_IF_ERROR(CheckVersion(config, *stored->object));
  absl::StatusOr<json> applied =
      owners.Apply(writer.manager, *stored->object, config, writer.how.force);
  if (!applied.ok())
    return Refuse(409, "Conflict", "Apply failed: " + std::string(applied.status().message()));
  return Update(path, *std::move(applied), std::move(owners), writer);
}

absl::Status FakeKubeServer::Delete(const KubePath& path, const KubePrecondition& only) {
  RunRace();
  std::scoped_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Key key, KeyOf(path));
  const Stored* stored = Look(key);
  if (stored == nullptr) return NotThere(path.name);
  json object = *stored->object;
  json wanted = {{"metadata", {{"uid", only.uid}, {"resourceVersion", only.resource_version}}}};
  RETURN_IF_ERROR(CheckVersion(wanted, object));
  if (!HasFinalizers(object)) {
    Drop(key);
    return absl::OkStatus();
  }
  json& metadata = object["metadata"];
  if (metadata.contains("deletionTimestamp")) return absl::OkStatus();
  metadata["deletionTimestamp"] = Now();
  metadata["deletionGracePeriodSeconds"] = 0;
  if (kinds_.at(key.kind).generation) metadata["generation"] = metadata.value("generation", 0) + 1;
  Commit(key, std::move(object), stored->owners);
  return absl::OkStatus();
}

}  // namespace innkeeper
