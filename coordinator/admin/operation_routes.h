#pragma once

#include <functional>
#include <string>

#include "coordinator/admin/admin_gate.h"
#include "coordinator/admin/change_feed.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

// Everything that is not about one guest: events, nodes, pause and brake, orphan audit, backup,
// version. The functions are the composition root's; they may block up to the call's deadline.
struct OperationServices {
  Recorder& recorder;
  Operation& operation;
  ChangeFeed& feed;
  int64_t removals_allowed = 0;
  std::function<absl::StatusOr<std::vector<admin::v1::Node>>(const Call&)> nodes;
  std::function<absl::StatusOr<admin::v1::Node>(const NodeName&, const Call&)> revoke, forget;
  std::function<absl::StatusOr<admin::v1::AuditResponse>(bool adopt, const Call&)> audit;
  std::function<absl::StatusOr<admin::v1::JoinerHostsResponse>(const admin::v1::JoinerHostsRequest&,
                                                               bool adopt, const Call&)>
      joiner_hosts;
  std::function<absl::Status(const std::string& path, const Call&)> backup;
  std::function<admin::v1::Version(const Call&)> version;
};
void RouteOperation(HttpServer& server, AdminGate& gate, OperationServices services);

}  // namespace innkeeper
