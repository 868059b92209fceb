#pragma once
// What the administrator allows: names, host groups, classes and how many. Pure. The first rule
// that matches a guest's namespace and node decides; without any matching rule nothing is allowed.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "coordinator/guests/guest.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

struct PolicyRule {
  std::string namespaces = "*";  // glob: '*' any run, '?' one character
  std::string nodes = "*";
  // A name must end in one of these, after a dot. "{namespace}" and "{domain}" are filled in.
  std::vector<std::string> suffixes = {"{domain}"};
  std::string name_template = "{vm}.{namespace}.{domain}";
  std::vector<std::string> host_groups;  // that may be wished
  std::vector<std::string> classes;
  int64_t quota = -1;  // identities in a namespace; negative: no limit
  bool may_install = true;
  bool may_set_clock = true;
};
using Policy = std::vector<PolicyRule>;

// One rule that allows names under the domain, no groups, no classes.
Policy DefaultPolicy();

// Rows of the configuration, each field text: namespaces, nodes, suffixes, template, host_groups,
// classes (comma-separated lists), quota, may_install, may_set_clock ("true", "false").
// INVALID_ARGUMENT names row and field.
const std::vector<std::string>& PolicyFields();
absl::StatusOr<Policy> ParsePolicy(const std::vector<std::map<std::string, std::string>>& rows);

struct NamingFacts {
  std::string domain;             // FreeIPA's
  size_t longest_host_name = 64;  // its ipamaxhostnamelength
};

struct PolicyDecision {
  struct Refusal {
    Reason reason = Reason::kPolicyRefused;
    std::string message;
  };
  std::optional<Refusal> refusal;
  Fqdn fqdn;  // the name the guest should have
  std::vector<std::string> host_groups;
  std::string host_class;
  int64_t quota = -1;
  bool may_install = true;
  bool may_set_clock = true;
};

// An explicitly wished name, else the one already assigned (which a renamed domain keeps), else the
// template's. Quota is told, not judged: it needs a count.
PolicyDecision Decide(const Policy& policy, const Guest& guest, const std::optional<VmRecord>& vm,
                      const NamingFacts& facts);

}  // namespace innkeeper
