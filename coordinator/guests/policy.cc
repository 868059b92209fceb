#include "coordinator/guests/policy.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

using Refusal = PolicyDecision::Refusal;

// '*' any run, '?' one character; linear in text times stars.
bool GlobMatches(const std::string& glob, const std::string& text) {
  size_t g = 0, t = 0, star = std::string::npos, mark = 0;
  while (t < text.size()) {
    if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t]) && glob[g] != '*') {
      ++g, ++t;
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++;
      mark = t;
    } else if (star != std::string::npos) {
      g = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

const PolicyRule* FindRule(const Policy& policy, const Guest& guest,
                           const std::optional<VmRecord>& vm) {
  const std::string& node = vm ? vm->node.text : guest.status.node.text;
  const auto rule = std::find_if(policy.begin(), policy.end(), [&](const PolicyRule& r) {
    return GlobMatches(r.namespaces, guest.key.space) && GlobMatches(r.nodes, node);
  });
  return rule == policy.end() ? nullptr : &*rule;
}

std::string Fill(const std::string& text, const Guest& guest, const NamingFacts& facts) {
  return absl::StrReplaceAll(
      text,
      {{"{vm}", guest.key.name}, {"{namespace}", guest.key.space}, {"{domain}", facts.domain}});
}

bool IsUnder(const std::string& name, const std::string& suffix) {
  const std::string tail = "." + absl::AsciiStrToLower(suffix);
  return name.size() > tail.size() &&
         name.compare(name.size() - tail.size(), tail.size(), tail) == 0;
}

std::optional<Refusal> ChooseName(const PolicyRule& rule, const Guest& guest,
                                  const std::optional<VmRecord>& vm, const NamingFacts& facts,
                                  Fqdn& name) {
  std::string text = WishedFqdn(guest, vm);
  if (text.empty()) text = guest.status.fqdn.text;
  if (text.empty()) text = Fill(rule.name_template, guest, facts);
  const absl::StatusOr<Fqdn> parsed = ParseFqdn(text, facts.longest_host_name);
  if (!parsed.ok()) return Refusal{Reason::kNameRefused, std::string(parsed.status().message())};
  const bool allowed = std::any_of(
      rule.suffixes.begin(), rule.suffixes.end(),
      [&](const std::string& suffix) { return IsUnder(parsed->text, Fill(suffix, guest, facts)); });
  if (!allowed)
    return Refusal{Reason::kNameRefused, "policy does not allow the name " + parsed->text +
                                             " in namespace " + guest.key.space};
  name = *parsed;
  return std::nullopt;
}

bool Contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::optional<Refusal> CheckPrivileges(const PolicyRule& rule, const IdentitySpec& spec) {
  for (const std::string& group : spec.host_groups) {
    if (!Contains(rule.host_groups, group))
      return Refusal{Reason::kPolicyRefused, "policy does not allow the host group " + group};
  }
  if (spec.host_class.empty()) return std::nullopt;
  if (LooksLikeOwnerTag(spec.host_class))
    return Refusal{Reason::kPolicyRefused, "a host class must not look like an ownership tag"};
  if (!Contains(rule.classes, spec.host_class))
    return Refusal{Reason::kPolicyRefused, "policy does not allow the class " + spec.host_class};
  return std::nullopt;
}

absl::Status BadField(size_t row, const std::string& field, const std::string& why) {
  return absl::InvalidArgumentError("policy rule " + std::to_string(row + 1) + ", " + field + ": " +
                                    why);
}

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> list;
  for (const auto& part : absl::StrSplit(text, ',')) {
    const std::string item(absl::StripAsciiWhitespace(part));
    if (!item.empty()) list.push_back(item);
  }
  return list;
}

// Empty when the value is good, else what is wrong with it.
std::string SetSwitch(const std::string& text, bool& value) {
  if (text != "true" && text != "false") return "neither true nor false";
  value = text == "true";
  return "";
}

std::string SetClasses(const std::string& text, std::vector<std::string>& classes) {
  classes = SplitList(text);
  const bool tag = std::any_of(classes.begin(), classes.end(), LooksLikeOwnerTag);
  return tag ? "a host class must not look like an ownership tag" : "";
}

std::string SetField(const std::string& field, const std::string& text, PolicyRule& rule) {
  if (field == "may_install") return SetSwitch(text, rule.may_install);
  if (field == "may_set_clock") return SetSwitch(text, rule.may_set_clock);
  if (field == "classes") return SetClasses(text, rule.classes);
  if (field == "quota") return absl::SimpleAtoi(text, &rule.quota) ? "" : "not a number";
  if (field == "host_groups") return rule.host_groups = SplitList(text), "";
  if (field == "suffixes") return rule.suffixes = SplitList(text), "";
  if (text.empty()) return "empty";
  if (field == "namespaces") return rule.namespaces = text, "";
  if (field == "nodes") return rule.nodes = text, "";
  if (field == "template") return rule.name_template = text, "";
  return "unknown field";
}

}  // namespace

Policy DefaultPolicy() { return {PolicyRule{}}; }

const std::vector<std::string>& PolicyFields() {
  static const std::vector<std::string> fields = {"namespaces", "nodes",       "suffixes",
                                                  "template",   "host_groups", "classes",
                                                  "quota",      "may_install", "may_set_clock"};
  return fields;
}

absl::StatusOr<Policy> ParsePolicy(const std::vector<std::map<std::string, std::string>>& rows) {
  Policy policy;
  for (size_t i = 0; i < rows.size(); ++i) {
    PolicyRule& rule = policy.emplace_back();
    for (const auto& [field, text] : rows[i]) {
      const std::string wrong = SetField(field, text, rule);
      if (!wrong.empty()) return BadField(i, field, wrong);
    }
  }
  return policy;
}

PolicyDecision Decide(const Policy& policy, const Guest& guest, const std::optional<VmRecord>& vm,
                      const NamingFacts& facts) {
  PolicyDecision decision;
  const PolicyRule* rule = FindRule(policy, guest, vm);
  if (rule == nullptr) {
    decision.refusal = {Reason::kPolicyRefused,
                        "no policy rule is for namespace " + guest.key.space};
    return decision;
  }
  decision.quota = rule->quota;
  decision.may_install = rule->may_install;
  decision.may_set_clock = rule->may_set_clock;
  decision.refusal = ChooseName(*rule, guest, vm, facts, decision.fqdn);
  if (!decision.refusal) decision.refusal = CheckPrivileges(*rule, guest.spec);
  if (decision.refusal) return decision;
  decision.host_groups = guest.spec.host_groups;
  decision.host_class = guest.spec.host_class;
  return decision;
}

}  // namespace innkeeper
