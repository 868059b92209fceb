#pragma once
// Who a token's bearer is, and what somebody may do: the API server's word for it.
// Sources:
// https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ and
// .../authorization-resources/subject-access-review-v1/

#include <map>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/secret.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

struct KubeUser {
  std::string name, uid;  // "system:serviceaccount:NAMESPACE:ACCOUNT"
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
  // Claims of a token that is bound to a pod, from extra; empty where it is not.
  std::string node_name, node_uid, pod_name, pod_uid;
};

// Asks with a TokenReview. The token must be made for `audience` and for nothing wider: servers
// that know no audiences are not believed. UNAUTHENTICATED: it is not accepted; the reason is the
// server's. INVALID_ARGUMENT: no token is given, or no audience. Other codes: nobody could be
// asked.
absl::StatusOr<KubeUser> ReviewToken(KubeClient& client, const Secret& token,
                                     const std::string& audience, const Call& call);

// What is wanted, of one object or (empty name) of all.
struct KubeAccessQuestion {
  std::string verb;  // "get", "update", ...
  std::string group, resource, subresource = {};
  std::string ns = {}, name = {};
};

// Asks with a SubjectAccessReview. OK: allowed. PERMISSION_DENIED: not, with the server's reason.
// Other codes: nobody could be asked, which allows nothing.
absl::Status ReviewAccess(KubeClient& client, const KubeUser& user,
                          const KubeAccessQuestion& question, const Call& call);

}  // namespace innkeeper
