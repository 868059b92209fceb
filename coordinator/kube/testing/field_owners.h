#pragma once
// Who set which field of an object: the bookkeeping of server-side apply, for doubles. As in the
// real server, with these simplifications: lists are one field each (but metadata.finalizers is a
// set), and the object does not show metadata.managedFields.
// Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "base/status.h"

namespace innkeeper {

class FieldOwners {
 public:
  // A create, replace or patch by `manager`: it takes over every field that it changed.
  void Updated(const std::string& manager, const nlohmann::json& before,
               const nlohmann::json& after);

  // The live object with `config` applied to it: fields are set, those that `manager` applied
  // before and now leaves out go. ABORTED naming field and manager: a field with another value
  // belongs to another manager, and force is off.
  absl::StatusOr<nlohmann::json> Apply(const std::string& manager, const nlohmann::json& live,
                                       const nlohmann::json& config, bool force);

 private:
  using Fields = std::set<std::string>;
  absl::Status Contest(const std::string& owner, const std::string& field, bool force);
  bool IsOwned(const std::string& field) const;

  std::map<std::string, Fields> owners_;  // "innkeeper Apply" and "innkeeper Update" are two
};

}  // namespace innkeeper
