#pragma once
// The Kubernetes API, as the coordinator speaks it: objects go in and out as their JSON text, so
// that each caller decodes what it needs of them and nothing more (hot paths with simdjson, without
// a DOM). Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
//
// Errors, from the server's Status object (kube_failure.h tells reason, causes and the wait asked
// for):
//   NOT_FOUND            404
//   ALREADY_EXISTS       409 AlreadyExists
//   ABORTED              409 Conflict; a JSON Patch that does not fit: its `test` did not hold, or
//                        a path of it is not there
//   OUT_OF_RANGE         410 Gone or Expired: the resourceVersion is too old, list anew
//   INVALID_ARGUMENT     400, 422: the object is refused by its schema or by a policy; a path
//                        without a name
//   PERMISSION_DENIED    403, and a server whose certificate does not verify
//   UNAUTHENTICATED      401, after the token was read anew once
//   RESOURCE_EXHAUSTED   429 (after the wait asked for, if the call had the time), quota, a too
//                        large answer
//   UNAVAILABLE          no connection, a cut answer, 500, 502, 503, 504
// A write that fails with UNAVAILABLE or DEADLINE_EXCEEDED may have happened (WasSent of
// http_client.h).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

// A kind of objects, by its place in the API's paths: {"kubevirt.io", "v1", "virtualmachines"}. An
// empty group is the core's.
struct KubeKind {
  std::string group, version, plural;
  auto operator<=>(const KubeKind&) const = default;
};

// One object. An empty namespace: the kind has none.
struct KubePath {
  KubeKind kind;
  std::string ns, name;
  std::string subresource = {};  // "status"
};

// All objects of a kind; with a namespace, those in it.
struct KubeCollection {
  KubeKind kind;
  std::string ns = {};
  std::string label_selector = {}, field_selector = {};
};

struct KubeWrite {
  bool dry_run = false;
  bool force = false;  // Apply: take over fields that another manager holds
};

enum class KubePatch { kJson, kMerge };  // RFC 6902, RFC 7396

// What must still hold for an object to be deleted; empty: not asked.
struct KubePrecondition {
  std::string uid, resource_version;
};

enum class KubeChange { kAdded, kModified, kDeleted, kBookmark };

// The object is the whole of it, kDeleted: its last state; kBookmark: only its resourceVersion
// counts. The text is valid during the call, and followed by at least 64 readable bytes (simdjson's
// padding).
using KubeSink = std::function<absl::Status(KubeChange, std::string_view object)>;

struct KubeWatch {
  std::string resource_version;  // events after it; with initial_events: empty
  // Streaming list: every object as kAdded first, then a bookmark annotated
  // k8s.io/initial-events-end, then changes. INVALID_ARGUMENT from servers that cannot.
  bool initial_events = false;
};

// Thread-safe. Every call blocks.
class KubeClient {
 public:
  virtual ~KubeClient() = default;

  // These return the object as the server has it now.
  virtual absl::StatusOr<std::string> Get(const KubePath& path, const Call& call) = 0;
  virtual absl::StatusOr<std::string> Create(const KubePath& path, const std::string& object,
                                             const KubeWrite& how, const Call& call) = 0;
  // PUT: the object's own metadata.resourceVersion must be the newest, else ABORTED.
  virtual absl::StatusOr<std::string> Replace(const KubePath& path, const std::string& object,
                                              const KubeWrite& how, const Call& call) = 0;
  virtual absl::StatusOr<std::string> Patch(const KubePath& path, KubePatch form,
                                            const std::string& patch, const KubeWrite& how,
                                            const Call& call) = 0;
  // Server-side apply as field manager "innkeeper": makes the object, or owns the fields given.
  // ABORTED: a field is another manager's and force is off.
  virtual absl::StatusOr<std::string> Apply(const KubePath& path, const std::string& object,
                                            const KubeWrite& how, const Call& call) = 0;
  // Dependents follow in the background. OK also while finalizers hold the object.
  virtual absl::Status Delete(const KubePath& path, const KubePrecondition& only,
                              const Call& call) = 0;

  // Hands every object to `each` as kAdded, page by page: one page is held at a time. Returns the
  // resourceVersion to watch from. An error of `each` ends it and is returned. A page token that
  // expires half-way: OUT_OF_RANGE.
  virtual absl::StatusOr<std::string> List(const KubeCollection& which, const KubeSink& each,
                                           const Call& call) = 0;

  // Hands changes over as they come, until the server ends the stream (OK: go on from the last
  // resourceVersion), the call is stopped (CANCELLED), or `each` fails. OUT_OF_RANGE: the version
  // is too old, in either of the two forms a server says so. UNAVAILABLE: cut, also in the middle
  // of an event, which is then not handed over.
  virtual absl::Status Watch(const KubeCollection& which, const KubeWatch& from,
                             const KubeSink& each, const Call& call) = 0;
};

}  // namespace innkeeper
