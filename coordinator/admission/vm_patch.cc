#include "coordinator/admission/vm_patch.h"

#include <algorithm>

#include "coordinator/admission/json_text.h"

namespace innkeeper {
namespace {

constexpr char kSpec[] = "/spec/template/spec";
constexpr char kAnnotations[] = "/metadata/annotations";
constexpr char kPrepared[] = "/metadata/annotations/innkeeper.dev~1prepared";
// The disk's form does not depend on what a preference would choose: every Linux guest has virtio.
constexpr char kDisk[] = R"({"name":"innkeeper","disk":{"bus":"virtio","readonly":true}})";

std::string JoinSecret(const std::string& name) {
  return R"({"secretName":)" + JsonString(name) + R"(,"volumeLabel":)" + JsonString(kJoinLabel) +
         "}";
}

std::string Named(const std::string& name) { return R"({"name":)" + JsonString(name) + "}"; }

// `list` is a path whose parent exists.
void Insert(JsonPatchText& patch, const std::string& path, const VmList& list,
            std::optional<size_t> place, const std::string& value) {
  if (!list.exists) return patch.Add(path, "[" + value + "]");
  const bool inside = place && *place < list.size;
  patch.Add(path + "/" + (inside ? std::to_string(*place) : "-"), value);
}

void InsertDisk(JsonPatchText& patch, const VmView& vm, std::optional<size_t> place) {
  const std::string domain = std::string(kSpec) + "/domain", list = "[" + std::string(kDisk) + "]";
  const std::string devices = R"({"disks":)" + list + "}";
  if (!vm.has_domain) return patch.Add(domain, R"({"devices":)" + devices + "}");
  if (!vm.has_devices) return patch.Add(domain + "/devices", devices);
  Insert(patch, domain + "/devices/disks", vm.disks, place, kDisk);
}

std::string VolumePath(size_t index) {
  return std::string(kSpec) + "/volumes/" + std::to_string(index);
}

std::string CloudInitPath(const VmView& vm) {
  return VolumePath(*vm.cloud_init) + "/" + vm.cloud_init_kind;
}

void SetText(JsonPatchText& patch, const std::string& path, const std::optional<std::string>& now,
             const std::optional<std::string>& wanted) {
  if (now == wanted) return;
  wanted ? patch.Add(path, JsonString(*wanted)) : patch.Remove(path);
}

void SetSource(JsonPatchText& patch, const VmView& vm, const UserDataSource& wanted) {
  const UserDataSource& now = vm.user_data;
  const std::string path = CloudInitPath(vm);
  SetText(patch, path + "/userData", now.text, wanted.text);
  SetText(patch, path + "/userDataBase64", now.base64, wanted.base64);
  if (now.secret == wanted.secret) return;
  wanted.secret ? patch.Add(path + "/secretRef", Named(*wanted.secret))
                : patch.Remove(path + "/secretRef");
}

void SetRecord(JsonPatchText& patch, const VmView& vm, const std::string& record) {
  if (vm.prepared == record) return;
  const std::string key = kPreparedAnnotation;
  if (!vm.has_annotations) {
    return patch.Add(kAnnotations, "{" + JsonString(key) + ":" + JsonString(record) + "}");
  }
  patch.Add(kPrepared, JsonString(record));
}

std::string Attach(const VmView& vm, const VmPlan& plan) {
  JsonPatchText patch;
  const VmSecretNames& secrets = plan.record.secrets;
  if (!secrets.user_data.empty()) {
    SetSource(patch, vm, {std::nullopt, std::nullopt, secrets.user_data});
  } else if (plan.restores) {
    SetSource(patch, vm, plan.original);
  }
  if (!vm.volumes.ours) {
    Insert(patch, std::string(kSpec) + "/volumes", vm.volumes, plan.volume_place,
           R"({"name":"innkeeper","secret":)" + JoinSecret(secrets.join) + "}");
  } else if (vm.join_secret != secrets.join) {
    patch.Add(VolumePath(*vm.volumes.ours) + "/secret", JoinSecret(secrets.join));
  }
  if (!vm.disks.ours) InsertDisk(patch, vm, plan.disk_place);
  SetRecord(patch, vm, plan.record.Text());
  return patch.Take();
}

// A list that holds ours alone was made for it.
void TakeOut(JsonPatchText& patch, const std::string& path, const VmList& list) {
  patch.Remove(list.size == 1 ? path : path + "/" + std::to_string(*list.ours));
}

std::string Detach(const VmView& vm, const VmPlan& plan) {
  JsonPatchText patch;
  if (plan.restores) SetSource(patch, vm, plan.original);
  const bool users = vm.volumes.ours && !vm.join_secret;  // the user's own volume of that name
  if (vm.disks.ours && !users && (vm.join_secret || vm.prepared)) {
    TakeOut(patch, std::string(kSpec) + "/domain/devices/disks", vm.disks);
  }
  if (vm.join_secret) TakeOut(patch, std::string(kSpec) + "/volumes", vm.volumes);
  if (vm.prepared) patch.Remove(kPrepared);
  return patch.Take();
}

}  // namespace

std::string PatchFor(const VmView& vm, const VmPlan& plan) {
  switch (plan.step) {
    case VmStep::kAttach:
      return Attach(vm, plan);
    case VmStep::kDetach:
      return Detach(vm, plan);
    case VmStep::kLeave:
      break;
  }
  return "";
}

}  // namespace innkeeper
