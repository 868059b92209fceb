#include "coordinator/admission/vm_decode.h"

#include "coordinator/admission/vm_fields.h"
#include "coordinator/admission/vm_marks.h"

namespace innkeeper {
namespace {

using Value = ondemand::value;

bool TakeLabels(Value labels, VmView& view) {
  if (IsNull(labels)) return true;
  return EachField(labels, [&](std::string_view key, Value value) {
    if (key == kEnrollLabel) return Take(value, view.enroll);
    if (key == kOldEnrollLabel) return Take(value, view.old_enroll);
    return true;
  });
}

bool TakeAnnotations(Value annotations, VmView& view) {
  if (IsNull(annotations)) return true;
  view.has_annotations = true;
  return EachField(annotations, [&](std::string_view key, Value value) {
    if (key == kFqdnAnnotation) return Take(value, view.fqdn);
    if (key == kDeliveryAnnotation) return Take(value, view.delivery);
    if (key == kPreparedAnnotation) return Take(value, view.prepared);
    return true;
  });
}

bool TakeMetadata(Value metadata, VmView& view) {
  view.has_metadata = true;
  return EachField(metadata, [&](std::string_view key, Value value) {
    if (key == "name") return Take(value, view.name);
    if (key == "namespace") return Take(value, view.ns);
    if (key == "uid") return Take(value, view.uid);
    if (key == "labels") return TakeLabels(value, view);
    if (key == "annotations") return TakeAnnotations(value, view);
    if (key == "deletionTimestamp") view.deleting = !IsNull(value);
    return true;
  });
}

bool TakeReference(Value reference, VmReference& into) {
  if (IsNull(reference)) return true;
  return EachField(reference, [&](std::string_view key, Value value) {
    if (key == "kind") return Take(value, into.kind);
    if (key == "name") return Take(value, into.name);
    return true;
  });
}

bool TakeSecretName(Value reference, std::optional<std::string>& into) {
  if (IsNull(reference)) return true;
  return EachField(reference, [&](std::string_view key, Value value) {
    return key == "name" ? Take(value, into) : true;
  });
}

bool TakeUserData(Value source, UserDataSource& into) {
  return EachField(source, [&](std::string_view key, Value value) {
    if (key == "userData") return Take(value, into.text);
    if (key == "userDataBase64") return Take(value, into.base64);
    if (key == "secretRef") return TakeSecretName(value, into.secret);
    return true;
  });
}

struct SecretVolume {
  std::string secret, label;
};
bool TakeSecretVolume(Value volume, SecretVolume& into) {
  return EachField(volume, [&](std::string_view key, Value value) {
    if (key == "secretName") return Take(value, into.secret);
    if (key == "volumeLabel") return Take(value, into.label);
    return true;
  });
}

bool TakeVolume(size_t index, Value volume, VmView& view) {
  std::string name;
  std::optional<SecretVolume> secret;
  const bool well = EachField(volume, [&](std::string_view key, Value value) {
    if (key == "name") return Take(value, name);
    if (IsNull(value)) return true;
    if (key == "secret") return TakeSecretVolume(value, secret.emplace());
    if (key != "cloudInitNoCloud" && key != "cloudInitConfigDrive") return true;
    if (view.cloud_init) return true;
    view.cloud_init = index;
    view.cloud_init_kind = key;
    return TakeUserData(value, view.user_data);
  });
  if (name == kJoinVolume) {
    view.volumes.ours = index;
    if (secret && secret->label == kJoinLabel) view.join_secret = secret->secret;
  }
  return well;
}

bool TakeVolumes(Value volumes, VmView& view) {
  if (IsNull(volumes)) return true;
  view.volumes.exists = true;
  return EachElement(volumes, [&](size_t index, Value volume) {
    view.volumes.size = index + 1;
    return TakeVolume(index, volume, view);
  });
}

bool TakeDisks(Value disks, VmView& view) {
  if (IsNull(disks)) return true;
  view.disks.exists = true;
  return EachElement(disks, [&](size_t index, Value disk) {
    view.disks.size = index + 1;
    return EachField(disk, [&](std::string_view key, Value value) {
      std::string name;
      if (key != "name") return true;
      if (!Take(value, name)) return false;
      if (name == kJoinVolume) view.disks.ours = index;
      return true;
    });
  });
}

bool TakeDomain(Value domain, VmView& view) {
  if (IsNull(domain)) return true;
  view.has_domain = true;
  return EachField(domain, [&](std::string_view key, Value devices) {
    if (key != "devices" || IsNull(devices)) return true;
    view.has_devices = true;
    return EachField(devices, [&](std::string_view device, Value disks) {
      return device == "disks" ? TakeDisks(disks, view) : true;
    });
  });
}

bool TakeTemplate(Value vm_template, VmView& view) {
  return EachField(vm_template, [&](std::string_view key, Value spec) {
    if (key != "spec" || IsNull(spec)) return true;
    view.has_spec = true;
    return EachField(spec, [&](std::string_view part, Value value) {
      if (part == "domain") return TakeDomain(value, view);
      if (part == "volumes") return TakeVolumes(value, view);
      return true;
    });
  });
}

bool TakeSpec(Value spec, VmView& view) {
  return EachField(spec, [&](std::string_view key, Value value) {
    if (key == "instancetype") return TakeReference(value, view.instance_type);
    if (key == "preference") return TakeReference(value, view.preference);
    if (key == "template") return TakeTemplate(value, view);
    return true;
  });
}

bool TakeStatus(Value status, VmView& view) {
  if (IsNull(status)) return true;
  return EachField(status, [&](std::string_view key, Value value) {
    std::string text;
    if (key != "printableStatus") return true;
    if (!Take(value, text)) return false;
    view.stopped = text == "Stopped";
    return true;
  });
}

template <class Object>
bool TakeParts(Object&& vm, VmView& view) {
  const bool well = EachField(vm, [&](std::string_view key, Value value) {
    if (key == "metadata") return TakeMetadata(value, view);
    if (key == "spec") return TakeSpec(value, view);
    if (key == "status") return TakeStatus(value, view);
    return true;
  });
  if (!well) view.ill_formed = true;
  return well;
}

}  // namespace

bool TakeVm(ondemand::value vm, VmView& view) { return TakeParts(vm, view); }

absl::StatusOr<VmView> DecodeVm(std::string_view json) {
  const simdjson::padded_string padded(json);
  ondemand::parser parser;
  ondemand::document document;
  VmView view;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS || !TakeParts(document, view)) {
    return absl::InvalidArgumentError("not a VirtualMachine");
  }
  return view;
}

}  // namespace innkeeper
