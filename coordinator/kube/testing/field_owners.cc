#include "coordinator/kube/testing/field_owners.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace innkeeper {
namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

const char* const kFinalizers = "/metadata/finalizers";

// Fields that belong to nobody: the object's name and what the server sets.
bool IsServers(const std::string& field) {
  static const std::set<std::string> names = {"/apiVersion",
                                              "/kind",
                                              "/metadata/name",
                                              "/metadata/namespace",
                                              "/metadata/uid",
                                              "/metadata/resourceVersion",
                                              "/metadata/generation",
                                              "/metadata/creationTimestamp",
                                              "/metadata/deletionTimestamp",
                                              "/metadata/deletionGracePeriodSeconds",
                                              "/metadata/managedFields"};
  return names.contains(field);
}

using Leaves = std::map<std::string, json>;

void Collect(const json& at, const Pointer& path, Leaves& leaves) {
  const std::string text = path.to_string();
  if (IsServers(text)) return;
  if (text == kFinalizers && at.is_array()) {
    for (const json& one : at) leaves[text + "=" + one.get<std::string>()] = one;
  } else if (at.is_object() && !at.empty()) {
    for (const auto& [key, value] : at.items()) Collect(value, path / key, leaves);
  } else if (!text.empty()) {
    leaves[text] = at;
  }
}

Leaves LeavesOf(const json& object) {
  Leaves leaves;
  if (object.is_object()) Collect(object, Pointer(), leaves);
  return leaves;
}

bool IsFinalizer(const std::string& field) {
  return field.starts_with(std::string(kFinalizers) + "=");
}

void Set(json& object, const std::string& field, const json& value) {
  if (!IsFinalizer(field)) {
    const Pointer path(field);
    for (Pointer above = path.parent_pointer(); !above.empty(); above = above.parent_pointer()) {
      if (object.contains(above) && !object.at(above).is_object()) object[above] = json::object();
    }
    object[path] = value;
    return;
  }
  json& list = object[Pointer(kFinalizers)];
  if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}

void Remove(json& object, const std::string& field) {
  const Pointer path(IsFinalizer(field) ? kFinalizers : field);
  if (!object.contains(path)) return;
  if (IsFinalizer(field)) {
    json& list = object[path];
    std::erase(list.get_ref<json::array_t&>(), json(field.substr(field.find('=') + 1)));
    if (!list.empty()) return;
  }
  object[path.parent_pointer()].erase(path.back());
}

}  // namespace

void FieldOwners::Updated(const std::string& manager, const json& before, const json& after) {
  const Leaves was = LeavesOf(before), is = LeavesOf(after);
  for (const auto& [field, value] : was) {
    const auto now = is.find(field);
    if (now != is.end() && now->second == value) continue;
    for (auto& [owner, fields] : owners_) fields.erase(field);
  }
  for (const auto& [field, value] : is) {
    const auto then = was.find(field);
    if (then == was.end() || then->second != value) owners_[manager + " Update"].insert(field);
  }
}

bool FieldOwners::IsOwned(const std::string& field) const {
  return std::ranges::any_of(owners_,
                             [&](const auto& owner) { return owner.second.contains(field); });
}

absl::Status FieldOwners::Contest(const std::string& owner, const std::string& field, bool force) {
  for (auto& [other, fields] : owners_) {
    if (other == owner || !fields.contains(field)) continue;
    if (!force) return absl::AbortedError("conflict with \"" + other + "\": " + field);
    fields.erase(field);
  }
  return absl::OkStatus();
}

absl::StatusOr<json> FieldOwners::Apply(const std::string& manager, const json& live,
                                        const json& config, bool force) {
  const std::string owner = manager + " Apply";
  const Leaves wanted = LeavesOf(config), is = LeavesOf(live);
  json applied = live;
  for (const auto& [field, value] : wanted) {
    const auto now = is.find(field);
    if (now == is.end() || now->second != value) RETURN_IF_ERROR(Contest(owner, field, force));
    Set(applied, field, value);
  }
  const Fields before = std::exchange(owners_[owner], {});
  for (const auto& [field, value] : wanted) owners_[owner].insert(field);
  for (const std::string& field : before) {
    if (!wanted.contains(field) && !IsOwned(field)) Remove(applied, field);
  }
  return applied;
}

}  // namespace innkeeper
