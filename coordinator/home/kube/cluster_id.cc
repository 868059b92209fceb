#include "coordinator/home/kube/cluster_id.h"

#include "coordinator/home/kube/json_fields.h"

namespace innkeeper {

absl::StatusOr<ClusterId> ReadClusterId(KubeClient& client, const Call& call) {
  const KubePath path{{"", "v1", "namespaces"}, "", "kube-system"};
  absl::StatusOr<std::string> object = client.Get(path, call);
  RETURN_IF_ERROR(Annotate(object.status(), "read the cluster's id"));
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(*object).get(json) != simdjson::SUCCESS)
    return absl::DataLossError("namespace kube-system is no object");
  absl::Status flaw;
  ClusterId cluster;
  JsonFields(json, "", flaw).In("metadata").Read("uid", cluster.text);
  RETURN_IF_ERROR(flaw);
  if (cluster.text.empty()) return absl::DataLossError("namespace kube-system has no uid");
  return cluster;
}

}  // namespace innkeeper
