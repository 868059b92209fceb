#pragma once
// Label and field selectors, as the API server reads them. For doubles.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace innkeeper {

class Selector {
 public:
  // Labels: "a=b,c!=d,e in (f,g),h notin (i),j,!k". INVALID_ARGUMENT: anything else.
  static absl::StatusOr<Selector> OfLabels(const std::string& text);
  // Fields: "metadata.name=a,spec.nodeName!=b". INVALID_ARGUMENT: a field not in `known`.
  static absl::StatusOr<Selector> OfFields(const std::string& text,
                                           const std::vector<std::string>& known);

  bool Matches(const nlohmann::json& object) const;

 private:
  enum class Is { kIn, kNotIn, kThere, kAbsent };
  struct Term {
    std::string key;
    Is is = Is::kIn;
    std::vector<std::string> values;
  };
  static absl::StatusOr<Term> Parse(const std::string& term);
  bool Holds(const Term& term, const nlohmann::json& object) const;

  bool fields_ = false;
  std::vector<Term> terms_;
};

}  // namespace innkeeper
