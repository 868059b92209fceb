#include "coordinator/admission/testing/vm_generator.h"

#include "absl/strings/escaping.h"
#include "base/text.h"
#include "coordinator/admission/user_data/testing/user_data_samples.h"

namespace innkeeper {

using nlohmann::json;

json VmGenerator::CloudInit() {
  static const std::vector<UserDataSample> samples = UserDataSamples();
  json source = json::object();
  std::string bytes = samples[Below(samples.size())].bytes;
  if (Once(12)) bytes = "#cloud-config\n#" + std::string(2020 + Below(30), 'x');
  const bool text = IsUtf8(bytes) && bytes.find('\0') == std::string::npos;
  const size_t how = Below(8);
  if (how < 4 && text) {
    source["userData"] = bytes;
  } else if (how < 6) {
    source["userDataBase64"] = absl::Base64Escape(bytes);
  } else if (how == 6) {
    source["secretRef"] = {{"name", "user-data-" + std::to_string(Below(9))}};
  }
  if (Once(3) || source.empty()) source["networkData"] = "version: 2\n";
  return source;
}

json VmGenerator::Volumes() {
  json volumes = json::array();
  for (size_t i = Below(4); i > 0; --i) {
    const std::string name = "disk" + std::to_string(volumes.size());
    volumes.push_back({{"name", name}, {"persistentVolumeClaim", {{"claimName", name}}}});
  }
  for (size_t i = Below(3); i > 0; --i) {
    const char* kind = Once(3) ? "cloudInitConfigDrive" : "cloudInitNoCloud";
    json volume = {{"name", "seed" + std::to_string(i)}, {kind, CloudInit()}};
    volumes.insert(volumes.begin() + static_cast<std::ptrdiff_t>(Below(volumes.size() + 1)),
                   volume);
  }
  if (Once(15)) volumes.push_back({{"name", "innkeeper"}, {"emptyDisk", {{"capacity", "1Gi"}}}});
  return volumes;
}

json VmGenerator::Disks(const json& volumes) {
  json disks = json::array();
  for (const json& volume : volumes) {
    if (!Once(9)) disks.push_back({{"name", volume["name"]}, {"disk", json::object()}});
  }
  return disks;
}

json VmGenerator::Metadata() {
  json metadata = {{"namespace", Once(2) ? "shop" : "lab"}};
  const std::string name = "vm" + std::to_string(++count_);
  Once(12) ? metadata["generateName"] = name + "-" : metadata["name"] = name;
  if (!Once(8)) metadata["labels"]["innkeeper.dev/enroll"] = Once(9) ? "false" : "true";
  if (Once(8)) metadata["labels"]["ipa-enroll"] = "true";
  if (Once(5)) metadata["annotations"]["note"] = "kept";
  if (Once(6)) {
    constexpr const char* kDeliveries[] = {"auto", "cloudInit", "agent", "nonsense"};
    metadata["annotations"]["innkeeper.dev/delivery"] = kDeliveries[Below(4)];
  }
  return metadata;
}

json VmGenerator::Next() {
  json vm = {{"apiVersion", "kubevirt.io/v1"}, {"kind", "VirtualMachine"}};
  vm["metadata"] = Metadata();
  vm["spec"]["runStrategy"] = Once(3) ? "Halted" : "Always";
  if (Once(5)) vm["spec"]["instancetype"] = {{"name", "u1.small"}};
  json& spec = vm["spec"]["template"]["spec"];
  const json volumes = Volumes(), disks = Disks(volumes);
  spec["domain"]["devices"] = json::object();
  if (!Once(6)) spec["domain"]["devices"]["disks"] = disks;
  if (!volumes.empty() || Once(2)) spec["volumes"] = volumes;
  return vm;
}

}  // namespace innkeeper
