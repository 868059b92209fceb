#include "coordinator/home/kube/kube_vault.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "coordinator/home/kube/json_fields.h"
#include "coordinator/home/kube/resource_version.h"

namespace innkeeper {
namespace {

constexpr char kType[] = "innkeeper.dev/vault";  // and the label
constexpr char kNamePrefix[] = "innkeeper-vault.";
constexpr char kKey[] = "entry";
constexpr size_t kLongestName = 200;     // bytes; a Secret's name has 253
constexpr size_t kLargest = 256 * 1024;  // bytes; a CA bundle with its key has a few thousand

// What names a Secret when '/' becomes '.', and can be told back from it.
bool IsName(const std::string& name) {
  if (name.empty() || name.size() > kLongestName) return false;
  char before = '/';
  for (const char c : name) {
    const bool word = absl::ascii_islower(static_cast<unsigned char>(c)) ||
                      absl::ascii_isdigit(static_cast<unsigned char>(c));
    if (!word && !(c == '-' && before != '/') && !(c == '/' && before != '/' && before != '-'))
      return false;
    before = c;
  }
  return before != '/' && before != '-';
}

std::string SecretName(const std::string& name) {
  return kNamePrefix + absl::StrReplaceAll(name, {{"/", "."}});
}

absl::Status Conflict(const std::string& name) {
  return absl::AbortedError("vault: " + name + " was changed meanwhile");
}

// The JSON of the Secret, with room for all of it beforehand: growing would leave copies behind.
std::string Encode(const KubePath& path, const Secret& bytes, int64_t version) {
  nlohmann::json metadata{
      {"namespace", path.ns}, {"name", path.name}, {"labels", {{kType, "entry"}}}};
  if (version != 0) metadata["resourceVersion"] = std::to_string(version);
  const nlohmann::json head{
      {"apiVersion", "v1"}, {"kind", "Secret"}, {"type", kType}, {"metadata", metadata}};
  const std::string start = head.dump();
  std::string coded = absl::Base64Escape(std::string(bytes.Reveal()));
  std::string body;
  body.reserve(start.size() + coded.size() + 64);
  body.append(start, 0, start.size() - 1);
  body.append(",\"data\":{\"").append(kKey).append("\":\"").append(coded).append("\"}}");
  WipeString(coded);
  return body;
}

absl::StatusOr<VaultEntry> Decode(const std::string& name, const std::string& object) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(object).get(json) != simdjson::SUCCESS)
    return absl::DataLossError("vault: " + name + " is no object");
  absl::Status flaw;
  JsonFields root(json, "", flaw);
  std::string type, version, coded, bytes;
  root.Read("type", type);
  root.In("metadata").Read("resourceVersion", version);
  root.In("data").Read(kKey, coded);
  if (type != kType)
    return absl::FailedPreconditionError("the Secret of vault " + name + " is not ours");
  const bool good = flaw.ok() && absl::Base64Unescape(coded, &bytes);
  WipeString(coded);
  VaultEntry entry;
  entry.bytes = Secret(std::move(bytes));
  if (!good) return absl::DataLossError("vault: " + name + " is damaged");
  ASSIGN_OR_RETURN(entry.version, ParseResourceVersion(version));
  return entry;
}

}  // namespace

absl::StatusOr<KubePath> KubeVault::PathOf(const std::string& name) const {
  if (!IsName(name)) return absl::InvalidArgumentError("not a name of the vault: '" + name + "'");
  return KubePath{{"", "v1", "secrets"}, ns_, SecretName(name)};
}

absl::StatusOr<VaultEntry> KubeVault::Read(const std::string& name, const Call& call) {
  ASSIGN_OR_RETURN(const KubePath path, PathOf(name));
  ASSIGN_OR_RETURN(std::string object, client_.Get(path, call));
  const absl::Cleanup wipe = [&] { WipeString(object); };
  return Decode(name, object);
}

absl::StatusOr<int64_t> KubeVault::Write(const std::string& name, const Secret& bytes,
                                         int64_t version, const Call& call) {
  ASSIGN_OR_RETURN(const KubePath path, PathOf(name));
  if (bytes.Reveal().size() > kLargest) return absl::InvalidArgumentError("too large a secret");
  std::string body = Encode(path, bytes, version);
  absl::StatusOr<std::string> stored =
      version == 0 ? client_.Create(path, body, {}, call) : client_.Replace(path, body, {}, call);
  WipeString(body);
  if (absl::IsAlreadyExists(stored.status()) || absl::IsNotFound(stored.status()))
    return Conflict(name);
  RETURN_IF_ERROR(Annotate(stored.status(), "write vault " + name));
  const absl::Cleanup wipe = [&] { WipeString(*stored); };
  ASSIGN_OR_RETURN(const VaultEntry entry, Decode(name, *stored));
  return entry.version;
}

absl::Status KubeVault::Remove(const std::string& name, int64_t version, const Call& call) {
  ASSIGN_OR_RETURN(const KubePath path, PathOf(name));
  return client_.Delete(path, {.uid = "", .resource_version = std::to_string(version)}, call);
}

absl::StatusOr<std::vector<std::string>> KubeVault::List(const std::string& prefix,
                                                         const Call& call) {
  std::vector<std::string> names;
  simdjson::dom::parser parser;
  const auto listed = client_.List(
      {.kind = {"", "v1", "secrets"}, .ns = ns_, .label_selector = std::string(kType) + "=entry"},
      [&](KubeChange, std::string_view object) -> absl::Status {
        simdjson::dom::element json;
        if (parser.parse(object.data(), object.size()).get(json) != simdjson::SUCCESS)
          return absl::OkStatus();
        absl::Status flaw;
        std::string secret;
        JsonFields(json, "", flaw).In("metadata").Read("name", secret);
        if (!secret.starts_with(kNamePrefix)) return absl::OkStatus();
        const std::string name =
            absl::StrReplaceAll(secret.substr(sizeof kNamePrefix - 1), {{".", "/"}});
        if (name.starts_with(prefix)) names.push_back(name);
        return absl::OkStatus();
      },
      call);
  RETURN_IF_ERROR(listed.status());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace innkeeper
