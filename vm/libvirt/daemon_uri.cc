#include "vm/libvirt/daemon_uri.h"

namespace innkeeper {
namespace {

constexpr char kSystem[] = "/system";
constexpr char kSession[] = "/session";
constexpr char kSocketKey[] = "socket=";

std::string Socket(const std::string& uri) {
  const size_t query = uri.find('?');
  if (query == std::string::npos) return {};
  const size_t key = uri.find(kSocketKey, query);
  if (key == std::string::npos) return {};
  const size_t begin = key + sizeof kSocketKey - 1;
  return uri.substr(begin, uri.find_first_of("&#", begin) - begin);
}

}  // namespace

DaemonUri ResolveDaemonUri(const std::string& uri,
                           const std::function<bool(const std::string& path)>& exists) {
  if (uri == "qemu:///system" || uri == "qemu+unix:///system") {
    const std::string modular = "/run/libvirt/virtqemud-sock";
    const std::string path = exists(modular) ? modular : "/run/libvirt/libvirt-sock";
    return {"qemu+unix:///system?socket=" + path, path};
  }
  return {uri, Socket(uri)};
}

DaemonUri OtherPath(const DaemonUri& uri) {
  DaemonUri other = uri;
  const size_t query = std::min(uri.uri.find('?'), uri.uri.size());
  const std::string path = uri.uri.substr(0, query);
  if (path.ends_with(kSystem)) {
    other.uri.replace(query - sizeof kSystem + 1, sizeof kSystem - 1, kSession);
  } else if (path.ends_with(kSession)) {
    other.uri.replace(query - sizeof kSession + 1, sizeof kSession - 1, kSystem);
  }
  return other;
}

}  // namespace innkeeper
