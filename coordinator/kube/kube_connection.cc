#include "coordinator/kube/kube_connection.h"

#include <utility>

namespace innkeeper {
namespace {

constexpr char kScheme[] = "https://";

// "https://host:port/path" in parts; the port may be left out.
struct Place {
  std::string host, port, path;
};

Place Split(const std::string& server) {
  Place place;
  const std::string rest = server.substr(sizeof kScheme - 1);
  const size_t slash = rest.find('/');
  const std::string authority = rest.substr(0, slash);
  if (slash != std::string::npos) place.path = rest.substr(slash);
  const size_t bracket = authority.rfind(']');  // of an IPv6 address
  const size_t colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  place.host = authority.substr(0, colon);
  place.port = colon == std::string::npos ? "443" : authority.substr(colon + 1);
  return place;
}

}  // namespace

// The name that the certificate is checked against is that of the URL; ConnectKube sees to it that
// the connection goes to the server's own address.
std::string KubeBaseUrl(const KubeAccess& access) {
  if (access.tls_server_name.empty()) return access.server;
  const Place place = Split(access.server);
  return kScheme + access.tls_server_name + ":" + place.port + place.path;
}

absl::StatusOr<std::unique_ptr<HttpClient>> ConnectKube(const KubeAccess& access,
                                                        size_t connections, size_t reply_cap) {
  if (!access.server.starts_with(kScheme))
    return absl::InvalidArgumentError("the API server's address is not an https:// URL");
  HttpClient::Options options;
  options.ca_file = access.ca_file;
  options.ca_pem = access.ca_pem;
  options.certificate_file = access.certificate_file;
  options.key_file = access.key_file;
  options.certificate_pem = access.certificate_pem;
  options.key_pem = access.key_pem;
  options.proxy = access.proxy;
  options.no_proxy = access.no_proxy;
  options.unix_socket = access.unix_socket;
  options.connections = connections;
  options.reply_cap = reply_cap;
  // Go's servers keep idle connections for minutes.
  options.idle_limit = std::chrono::seconds(30);
  if (!access.tls_server_name.empty()) {
    const Place place = Split(access.server);
    options.connect_to = {access.tls_server_name + ":" + place.port + ":" + place.host + ":" +
                          place.port};
  }
  return HttpClient::Create(std::move(options));
}

}  // namespace innkeeper
