#include "coordinator/kube/kube_access.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"

namespace innkeeper {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool IsReadable(const std::string& file) { return std::ifstream(file).good(); }

}  // namespace

PodPlace PodPlace::OfThisProcess() {
  PodPlace place;
  place.host = Environment("KUBERNETES_SERVICE_HOST");
  place.port = Environment("KUBERNETES_SERVICE_PORT");
  return place;
}

absl::StatusOr<KubeAccess> InClusterAccess(const PodPlace& place) {
  if (place.host.empty() || place.port.empty()) {
    return absl::FailedPreconditionError(
        "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  const bool ipv6 = place.host.find(':') != std::string::npos;
  KubeAccess access;
  access.server = "https://" + (ipv6 ? "[" + place.host + "]" : place.host) + ":" + place.port;
  access.ca_file = place.folder + "/ca.crt";
  access.token_file = place.folder + "/token";
  for (const std::string& file : {access.ca_file, access.token_file}) {
    if (!IsReadable(file)) return absl::FailedPreconditionError("cannot read " + file);
  }
  std::ifstream ns(place.folder + "/namespace");
  std::string text;
  std::getline(ns, text);
  access.ns = std::string(absl::StripAsciiWhitespace(text));
  return access;
}

}  // namespace innkeeper
