#pragma once
// Where an API server is and as whom we come: from a pod's service account or from a kubeconfig.

#include <memory>
#include <string>

#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

// Of each pair of file and content at most one is set; files are read anew by whoever uses them.
struct KubeAccess {
  std::string server;  // "https://host:port", maybe with a path
  std::string ca_file, ca_pem;
  std::string certificate_file, key_file;
  std::string certificate_pem;
  std::shared_ptr<const Secret> key_pem;
  std::string token_file;  // it rotates
  std::shared_ptr<const Secret> token;
  std::string tls_server_name;  // empty: the server's host
  std::string proxy, no_proxy;  // as in http_client.h
  std::string ns;               // where we are, or what the context names; may be empty
  std::string unix_socket;      // connect here whatever the server is
};

// What a pod is given. FAILED_PRECONDITION: this is no pod (an environment variable or a file is
// missing). Blocks on the disk.
struct PodPlace {
  std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::string host, port;  // KUBERNETES_SERVICE_HOST and _PORT
  static PodPlace OfThisProcess();
};
absl::StatusOr<KubeAccess> InClusterAccess(const PodPlace& place);

// The file's context of that name, or its current one. INVALID_ARGUMENT naming what: it is no
// kubeconfig, names what is not there, or asks for what is refused: a server that is not verified
// or not https, a login by a program or plugin, a password, another user's name. NOT_FOUND,
// PERMISSION_DENIED: the file cannot be read. Relative paths in it begin at its folder. Blocks on
// the disk.
absl::StatusOr<KubeAccess> ReadKubeconfig(const std::string& file, const std::string& context = "");

}  // namespace innkeeper
