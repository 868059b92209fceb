#pragma once
// An API server that has nothing but a generated cluster: pages of its VirtualMachines and
// instances, chunked as Kubernetes' are, and watches of them. It makes each object as it sends it,
// so that its own memory and time are next to nothing. A process of its own, on the first core.

#include <memory>
#include <string>

#include "base/testing/temp_dir.h"
#include "bench/process.h"
#include "coordinator/kube/kube_access.h"

namespace innkeeper {

struct PagedApi {
  size_t objects = 0;  // of each kind
  // Before each page: what a real server spends on reading and encoding 500 objects.
  Duration page_time{};
  bool streams = false;  // knows streaming lists; else it refuses them, as servers before 1.32 do
};

class PagedApiServer {
 public:
  // Listens when this returns. Only while this process has one thread.
  static absl::StatusOr<std::unique_ptr<PagedApiServer>> Start(const PagedApi& api);
  ~PagedApiServer();
  const KubeAccess& access() const { return access_; }

 private:
  PagedApiServer(int process, KubeAccess access) : process_(process), access_(std::move(access)) {}
  const int process_;
  const KubeAccess access_;
};

// What a request asks for. Pure.
struct ListRequest {
  bool vmis = false;  // instances; else machines
  bool watch = false, initial_events = false;
  size_t limit = 0, first = 0;  // first: from the token of the page before
};
// NOT_FOUND: the path is of neither kind.
absl::StatusOr<ListRequest> ParseListRequest(const std::string& target);

}  // namespace innkeeper
