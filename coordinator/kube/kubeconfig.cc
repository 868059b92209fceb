// ReadKubeconfig. Source of the fields:
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/

#include <yaml-cpp/yaml.h>

#include <array>
#include <filesystem>
#include <utility>

#include "absl/strings/escaping.h"
#include "base/config_text.h"
#include "base/text.h"
#include "coordinator/kube/kube_access.h"

namespace innkeeper {
namespace {

// Debian's bundle: what kubectl trusts when a cluster names no authority.
constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";

// A mapping of the file, and where it stands for messages.
class Section {
 public:
  Section(YAML::Node node, std::string name) : node_(std::move(node)), name_(std::move(name)) {}

  // Empty when it is not there; INVALID_ARGUMENT when it is no text.
  absl::StatusOr<std::string> Text(const char* key) const {
    if (!Has(key)) return "";
    const YAML::Node value = node_[key];
    if (!value.IsScalar()) return Bad(std::string(key) + " is not a text");
    return value.Scalar();
  }
  bool Has(const char* key) const {
    return node_.IsMap() && node_[key].IsDefined() && !node_[key].IsNull();
  }
  absl::Status Bad(const std::string& what) const {
    return absl::InvalidArgumentError(name_ + ": " + Printable(what));
  }
  // The bytes of KEY-data, and the path of KEY: both empty when neither is there.
  struct Pem {
    std::string data, file;
  };
  absl::StatusOr<Pem> Certificate(const std::string& key, const std::string& folder) const {
    Pem pem;
    ASSIGN_OR_RETURN(const std::string encoded, Text((key + "-data").c_str()));
    if (!encoded.empty() && !absl::Base64Unescape(encoded, &pem.data))
      return Bad(key + "-data is not base64");
    if (pem.data.empty()) {
      ASSIGN_OR_RETURN(pem.file, File(key.c_str(), folder));
    }
    return pem;
  }
  absl::StatusOr<std::string> File(const char* key, const std::string& folder) const {
    ASSIGN_OR_RETURN(const std::string path, Text(key));
    if (path.empty()) return path;
    return (std::filesystem::path(folder) / path).string();  // an absolute path stays itself
  }

 private:
  YAML::Node node_;
  std::string name_;
};

// The entry of `list` ("clusters") that has that name; its part `key` ("cluster").
absl::StatusOr<Section> Entry(const YAML::Node& root, const char* list, const char* key,
                              const std::string& name) {
  const std::string place = std::string(key) + " \"" + Printable(name) + "\"";
  const YAML::Node entries = root[list];
  if (entries.IsDefined() && entries.IsSequence()) {
    for (const YAML::Node& entry : entries) {
      if (!entry.IsMap() || !entry["name"].IsDefined() || !entry["name"].IsScalar()) continue;
      if (entry["name"].Scalar() != name) continue;
      const YAML::Node part = entry[key];
      if (part.IsDefined() && part.IsMap()) return Section(part, place);
    }
  }
  return absl::InvalidArgumentError("there is no " + place);
}

absl::Status ReadCluster(const Section& cluster, const std::string& folder, KubeAccess& access) {
  ASSIGN_OR_RETURN(const std::string insecure, cluster.Text("insecure-skip-tls-verify"));
  if (!insecure.empty() && insecure != "false") {
    return cluster.Bad(
        "insecure-skip-tls-verify is refused: give certificate-authority-data instead");
  }
  ASSIGN_OR_RETURN(access.server, cluster.Text("server"));
  if (!access.server.starts_with("https://")) return cluster.Bad("server is not an https:// URL");
  while (access.server.ends_with("/")) access.server.pop_back();
  ASSIGN_OR_RETURN(Section::Pem ca, cluster.Certificate("certificate-authority", folder));
  access.ca_pem = std::move(ca.data);
  access.ca_file = std::move(ca.file);
  if (access.ca_pem.empty() && access.ca_file.empty()) access.ca_file = kSystemAuthorities;
  ASSIGN_OR_RETURN(access.tls_server_name, cluster.Text("tls-server-name"));
  ASSIGN_OR_RETURN(access.proxy, cluster.Text("proxy-url"));
  return absl::OkStatus();
}

absl::Status RefuseOtherLogins(const Section& user) {
  static constexpr std::array kRefused{
      std::pair("exec", "a login by a program (exec) is not supported"),
      std::pair("auth-provider", "a login by a plugin (auth-provider) is not supported"),
      std::pair("username", "a login by password is not supported"),
      std::pair("password", "a login by password is not supported"),
      std::pair("as", "acting as another user (as) is not supported"),
      std::pair("as-uid", "acting as another user (as-uid) is not supported"),
      std::pair("as-groups", "acting as another user (as-groups) is not supported"),
      std::pair("as-user-extra", "acting as another user (as-user-extra) is not supported"),
  };
  for (const auto& [key, why] : kRefused) {
    if (user.Has(key)) {
      return user.Bad(std::string(why) + ": use a client certificate, token or tokenFile");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadUser(const Section& user, const std::string& folder, KubeAccess& access) {
  RETURN_IF_ERROR(RefuseOtherLogins(user));
  ASSIGN_OR_RETURN(Section::Pem certificate, user.Certificate("client-certificate", folder));
  ASSIGN_OR_RETURN(Section::Pem key, user.Certificate("client-key", folder));
  if (certificate.data.empty() != key.data.empty() ||
      certificate.file.empty() != key.file.empty()) {
    WipeString(key.data);
    return user.Bad("client-certificate and client-key must both be files or both be data");
  }
  access.certificate_pem = std::move(certificate.data);
  access.certificate_file = std::move(certificate.file);
  access.key_file = std::move(key.file);
  if (!key.data.empty()) access.key_pem = std::make_shared<const Secret>(std::move(key.data));
  // tokenFile wins over token, as in client-go.
  ASSIGN_OR_RETURN(access.token_file, user.File("tokenFile", folder));
  ASSIGN_OR_RETURN(std::string token, user.Text("token"));
  if (access.token_file.empty() && !token.empty())
    access.token = std::make_shared<const Secret>(std::move(token));
  return absl::OkStatus();
}

absl::StatusOr<KubeAccess> Choose(const YAML::Node& root, const std::string& folder,
                                  std::string context) {
  if (!root.IsMap()) return absl::InvalidArgumentError("it is no mapping");
  const Section file(root, "file");
  if (context.empty()) {
    ASSIGN_OR_RETURN(context, file.Text("current-context"));
  }
  if (context.empty()) return absl::InvalidArgumentError("no current-context is set");
  ASSIGN_OR_RETURN(const Section chosen, Entry(root, "contexts", "context", context));
  ASSIGN_OR_RETURN(const std::string cluster, chosen.Text("cluster"));
  ASSIGN_OR_RETURN(const std::string user, chosen.Text("user"));
  KubeAccess access;
  ASSIGN_OR_RETURN(access.ns, chosen.Text("namespace"));
  ASSIGN_OR_RETURN(const Section at, Entry(root, "clusters", "cluster", cluster));
  RETURN_IF_ERROR(ReadCluster(at, folder, access));
  ASSIGN_OR_RETURN(const Section as, Entry(root, "users", "user", user));
  RETURN_IF_ERROR(ReadUser(as, folder, access));
  return access;
}

}  // namespace

absl::StatusOr<KubeAccess> ReadKubeconfig(const std::string& file, const std::string& context) {
  ASSIGN_OR_RETURN(const YAML::Node root, ReadConfigFile(file));
  try {
    absl::StatusOr<KubeAccess> access =
        Choose(root, std::filesystem::path(file).parent_path().string(), context);
    if (!access.ok()) return Annotate(access.status(), file);
    return access;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(file + ": " + Printable(error.msg));
  }
}

}  // namespace innkeeper
