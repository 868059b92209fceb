#pragma once
// Where the coordinator's state lives and how it reaches the world, as the domain logic sees it.
// Two homes: plain (SQLite and the agents' streams) and Kubernetes. Reads may be stale;
// there are no queries and no transactions. The same contract test runs on every implementation.
//
// Errors: UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (disk full): try again later.
// ABORTED: the version is not the newest: read again.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/secret.h"
#include "base/status.h"
#include "coordinator/guests/guest.h"
#include "coordinator/guests/ids.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

// Thread-safe; writes block until they are durable.
class GuestStore {
 public:
  virtual ~GuestStore() = default;
  // ALREADY_EXISTS: the key or the uid has a guest. Returns it with its first version.
  virtual absl::StatusOr<Guest> Create(Guest guest, const Call& call) = 0;
  virtual absl::StatusOr<Guest> Get(const GuestKey& key, const Call& call) = 0;  // NOT_FOUND
  virtual absl::StatusOr<Guest> GetByUid(const VmUid& uid, const Call& call) = 0;
  // Write what their names say and nothing else, if guest.version is the newest. The new version;
  // a write that changes nothing may leave the version as it is.
  virtual absl::StatusOr<int64_t> UpdateSpec(const Guest& guest, const Call& call) = 0;
  virtual absl::StatusOr<int64_t> UpdateStatus(const Guest& guest, const Call& call) = 0;
  virtual absl::StatusOr<int64_t> MarkDeleting(const Guest& guest, const Call& call) = 0;
  // Another VM takes the guest over (restored under a new uid): writes the uid and guest.status.
  // ALREADY_EXISTS: that VM has a guest.
  virtual absl::StatusOr<int64_t> Rebind(const Guest& guest, const VmUid& uid,
                                         const Call& call) = 0;
  virtual absl::Status Delete(const GuestKey& key, int64_t version, const Call& call) = 0;
  // Ordered by key; at most `limit`, after `after`.
  virtual absl::StatusOr<std::vector<Guest>> List(const std::optional<GuestKey>& after,
                                                  size_t limit, const Call& call) = 0;
  // Called after each change, on the writer's thread: it must not block. Subscribe before use.
  virtual void OnChange(std::function<void(const GuestKey&)> changed) = 0;
};

// Which VMs there are. In memory: never blocks. Thread-safe.
class Inventory {
 public:
  virtual ~Inventory() = default;
  virtual std::optional<VmRecord> Find(const VmUid& uid) const = 0;
  virtual std::vector<VmRecord> FindByKey(
      const GuestKey& key) const = 0;  // more than one: collision
  virtual std::vector<VmRecord> List() const = 0;
  // True once every known node has reported or its grace is over: before that, absence means
  // nothing.
  virtual bool Settled() const = 0;
  // True while every node that is not revoked or forgotten is connected.
  virtual bool AllNodesConnected() const = 0;
  virtual void OnChange(std::function<void(const VmUid&)> changed) = 0;
};

struct JoinJob {
  VmUid uid;
  std::string attempt;  // also the order's id
  Fqdn fqdn;
  Secret password;     // empty: only tell what became of the attempt
  std::string server;  // that issued it
  int64_t guest_pid = 0;
  bool may_install = true;  // policy: the client's package, the guest's clock
  bool may_set_clock = true;
  // With a password: not an order, but laid where the VM's next boot finds it. Without: the boot
  // may begin the attempt yet, so one that the guest does not know is not given up there.
  bool by_disk = false;
};

// How work reaches a guest. An order returns once the order is on its way, not when it is done:
// from then on it shows in VmRecord.jobs, running, until it is acknowledged or the node has
// forgotten it. Ids begin as job_id.h says; sending the same id again is harmless. UNAVAILABLE: the
// node is not connected, or another node holds the VM now: nothing was sent. Quick.
class Delivery {
 public:
  virtual ~Delivery() = default;
  // By disk: returns once its content is stored, and nothing shows in VmRecord.jobs.
  virtual absl::Status Join(JoinJob job, const Call& call) = 0;
  // Overwrites what Join laid on the VM's disk; `enrolled` is what later boots read there instead.
  // OK also when there is no such disk or VM any more.
  virtual absl::Status ClearDisk(const VmUid& uid, bool enrolled, const Call& call) = 0;
  virtual absl::Status Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                              const Call& call) = 0;
  virtual absl::Status Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                             const Call& call) = 0;
  virtual absl::Status Inspect(const VmUid& uid, const std::string& order, const Call& call) = 0;
  virtual void Cancel(const VmUid& uid, const std::string& order) = 0;
  // The result was stored (or does not matter any more): everybody may forget the order.
  virtual void Acknowledge(const VmUid& uid, const std::string& order) = 0;
};

enum class Severity { kNormal, kWarning };
struct EventRecord {
  int64_t id = 0;
  absl::Time time;
  GuestKey guest;
  Severity severity = Severity::kNormal;
  Reason reason = Reason::kInternal;
  std::string message;
};

class Recorder {
 public:
  virtual ~Recorder() = default;
  // Best effort, never blocks for long, never fails the caller. Events are for transitions only.
  virtual void Record(const GuestKey& guest, Reason reason, const std::string& message) = 0;
  // Newest last; of one guest or of all. `after`: only ids above.
  virtual absl::StatusOr<std::vector<EventRecord>> List(const std::optional<GuestKey>& guest,
                                                        int64_t after, size_t limit,
                                                        const Call& call) = 0;
  virtual void OnEvent(std::function<void(const EventRecord&)> added) = 0;
};

// Who may write. On a plain host: whoever holds the lock on the state directory.
class Leadership {
 public:
  virtual ~Leadership() = default;
  virtual bool Leads() const = 0;
  // Names this leadership: written into `deleting` tags.
  virtual std::string Term() const = 0;
  // No write to the outside may be under way after this.
  virtual MonotonicTime WriteUntil() const = 0;
};

// Small secret blobs by name ("ca/agents", "token/ab12cd"), with compare-and-swap. Apart from the
// database. Version 0: must not exist yet.
struct VaultEntry {
  Secret bytes;
  int64_t version = 0;
};
class Vault {
 public:
  virtual ~Vault() = default;
  virtual absl::StatusOr<VaultEntry> Read(const std::string& name, const Call& call) = 0;
  virtual absl::StatusOr<int64_t> Write(const std::string& name, const Secret& bytes,
                                        int64_t version, const Call& call) = 0;
  virtual absl::Status Remove(const std::string& name, int64_t version, const Call& call) = 0;
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& prefix,
                                                        const Call& call) = 0;
};

// Pause and brake, kept in the home so that they survive a restart.
struct OperationState {
  bool paused = false;
  std::string paused_by;
  bool brake = false;
  std::string brake_reason;
  std::vector<absl::Time> removals;  // within the window
};
class Operation {
 public:
  virtual ~Operation() = default;
  virtual OperationState State() const = 0;
  virtual absl::Status Pause(const std::string& who, const Call& call) = 0;
  virtual absl::Status Resume(const Call& call) = 0;
  virtual absl::Status ReleaseBrake(const Call& call) = 0;
  // Asks for one removal more. FAILED_PRECONDITION: the brake holds.
  // A guest counted already within the window is not counted twice.
  virtual absl::Status CountRemoval(const GuestKey& guest, const Call& call) = 0;
  // Called after each change by a person, once or more, on any thread: what waited may go on. Must
  // not block.
  virtual void OnChange(std::function<void()> changed) = 0;
};

// All of it over one store, as the composition root sees it.
class Home {
 public:
  virtual ~Home() = default;

  virtual const ClusterId& cluster() const = 0;
  virtual GuestStore& guests() = 0;
  virtual NodeStore& nodes() = 0;
  virtual Inventory& inventory() = 0;
  virtual Recorder& recorder() = 0;
  virtual Operation& operation() = 0;
  virtual Leadership& leadership() = 0;
  virtual Vault& vault() = 0;

  // The agents' side: they name a VM by its domain's UUID, which need not be its uid.
  virtual NodeReports& reports() = 0;
  virtual const Inventory& domains() = 0;
  // How work reaches guests, where `agents` is how orders reach agents. Once, before Start.
  virtual Delivery& DeliverBy(Delivery& agents) = 0;

  // From here on the home reports what it learns; whoever listens has subscribed before.
  virtual absl::Status Start(const Call& call) = 0;
  // Nothing is reported or written by it afterwards.
  virtual void Stop() = 0;

  // A consistent copy of what is stored (no keys) while everything goes on; `path` is absolute and
  // must not exist (ALREADY_EXISTS). UNIMPLEMENTED: this home's store is backed up elsewhere.
  virtual absl::Status Backup(const std::string& path, const Call& call) = 0;
  // For readiness.
  virtual absl::Status Health() = 0;
};

}  // namespace innkeeper
