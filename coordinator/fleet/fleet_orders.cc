// The orders' half of Fleet: from the reconcilers to the nodes, and the answers back.

#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/guests/job_id.h"

namespace innkeeper {
namespace {

// Told by newer agents; else by the id, which says it too (guests/job_id.h).
JobKind KindOf(const std::string& id, std::optional<JobKind> told) {
  if (told) return *told;
  for (const JobKind kind : {JobKind::kJoin, JobKind::kVerify, JobKind::kLeave}) {
    if (IsJobOf(kind, id)) return kind;
  }
  return JobKind::kInspect;
}

}  // namespace

using agent::v1::CoordinatorMessage;

absl::Status Fleet::Join(JoinJob job, const Call& call) {
  if (job.by_disk && !job.password.empty())
    return absl::InvalidArgumentError("agents lay no password on a disk");
  const RealmFacts realm = realm_();
  return Dispatch({.uid = job.uid,
                   .id = job.attempt,
                   .kind = JobKind::kJoin,
                   .timeout = options_.orders.join_timeout,
                   .encode = [&] { return EncodeJoin(job, realm, options_.orders); }},
                  call);
}

absl::Status Fleet::Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                           const Call& call) {
  const auto encode = [&] { return EncodeVerify(uid, fqdn, order, realm_(), options_.orders); };
  return Dispatch({uid, order, JobKind::kVerify, options_.orders.verify_timeout, encode}, call);
}

absl::Status Fleet::Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                          const Call& call) {
  const auto encode = [&] { return EncodeLeave(uid, fqdn, order, realm_(), options_.orders); };
  return Dispatch({uid, order, JobKind::kLeave, options_.orders.leave_timeout, encode}, call);
}

absl::Status Fleet::Inspect(const VmUid& uid, const std::string& order, const Call& call) {
  const auto encode = [&] { return EncodeInspect(uid, order, options_.orders); };
  return Dispatch({uid, order, JobKind::kInspect, options_.orders.inspect_timeout, encode}, call);
}

absl::Status Fleet::Dispatch(const OrderWish& wish, const Call& call) {
  RETURN_IF_ERROR(call.Check("send order"));
  if (!IsOrderId(wish.id)) return absl::InvalidArgumentError("not an order's id: " + wish.id);
  const std::optional<VmRecord> vm = inventory_.Find(wish.uid);
  if (!vm || vm->presence != VmPresence::kPresent)
    return absl::UnavailableError("no node reports " + wish.uid.text);
  if (!vm->disputed_by.empty()) return absl::UnavailableError("two nodes report " + wish.uid.text);
  FAILPOINT("fleet.order.before");
  RETURN_IF_ERROR(SendOrder(wish, vm->node));
  FAILPOINT("fleet.order.sent");
  return absl::OkStatus();
}

JobView Fleet::SentNow(const std::string& id, JobKind kind) const {
  JobView view;
  view.id = id;
  view.kind = kind;
  view.sent = clock_.Now();
  return view;
}

absl::Status Fleet::SendOrder(const OrderWish& wish, const NodeName& holder) {
  const std::scoped_lock lock(mutex_);
  const auto found = nodes_.find(holder);
  if (found == nodes_.end() || !found->second.session)
    return absl::UnavailableError("node " + holder.text + " is not connected");
  Node& node = found->second;
  JobView view = SentNow(wish.id, wish.kind);
  if (const OrderEntry* known = orders_.Find(wish.id)) {
    if (known->uid != wish.uid)
      return absl::AlreadyExistsError("order " + wish.id + " is for another domain");
    const bool here = known->node.node == holder;
    if (here && known->view.result && !known->presumed) {
      Tell(*known);  // it is done; whoever asks missed it
      return absl::OkStatus();
    }
    if (here) {
      view.phase = known->view.phase;
      view.guest_pid = known->view.guest_pid;
    } else {
      reports_.JobForgotten(known->node, known->uid, wish.id);
    }
  }
  CoordinatorMessage message;
  *message.mutable_order() = wish.encode();
  if (!node.session->stream->Send(std::move(message)))
    return absl::UnavailableError("node " + holder.text + " does not take orders");
  OrderEntry entry{.node = node.view.identity,
                   .uid = wish.uid,
                   .view = std::move(view),
                   .deadline = clock_.Monotonic() + wish.timeout + options_.deadline_grace};
  Tell(entry);
  orders_.Put(std::move(entry));
  ++orders_version_;
  orders_changed_.notify_all();
  return absl::OkStatus();
}

void Fleet::Cancel(const VmUid& uid, const std::string& order) {
  const std::scoped_lock lock(mutex_);
  const OrderEntry* entry = orders_.Find(order);
  if (entry == nullptr || entry->uid != uid || entry->view.result) return;
  const auto found = nodes_.find(entry->node.node);
  if (found == nodes_.end() || !found->second.session) return;
  CoordinatorMessage message;
  message.mutable_cancel()->set_id(order);
  found->second.session->stream->Send(std::move(message));
}

void Fleet::Acknowledge(const VmUid& uid, const std::string& order) {
  const std::optional<VmRecord> vm = inventory_.Find(uid);
  const std::scoped_lock lock(mutex_);
  const OrderEntry* entry = orders_.Find(order);
  if (entry != nullptr && entry->uid != uid) return;
  std::optional<NodeIdentity> node;
  if (entry != nullptr) node = entry->node;
  orders_.Finish(order);
  // After a restart of ours the entry may be missing: then the holder is whom to tell.
  const NodeName name = node ? node->node : vm ? vm->node : NodeName{};
  if (const auto found = nodes_.find(name); found != nodes_.end()) {
    if (!node) node = found->second.view.identity;
    SendResultAck(found->second, order);
  }
  if (node) reports_.JobForgotten(*node, uid, order);
}

void Fleet::SendResultAck(Node& node, const std::string& id) {
  if (!node.session) return;
  CoordinatorMessage message;
  message.mutable_result_ack()->set_id(id);
  node.session->stream->Send(std::move(message));
}

// The order that the node may speak about: one that was sent to it, or, after a restart of ours,
// one that it named in its Hello for a domain that it holds.
OrderEntry* Fleet::OrderOf(Node& node, const std::string& id, const std::optional<VmUid>& uid,
                           std::optional<JobKind> kind) {
  if (OrderEntry* known = orders_.Find(id)) {
    const bool its_own = known->node.node == node.view.identity.node;
    if (its_own && (!uid || known->uid == *uid)) return known;
    Refuse(node, Refusal::kForeignOrder);
    return nullptr;
  }
  if (!uid || !node.session->open_orders.contains(id)) {
    Refuse(node, Refusal::kUnknownOrder);
    return nullptr;
  }
  const std::optional<VmRecord> vm = inventory_.Find(*uid);
  if (!vm || vm->node != node.view.identity.node || !vm->disputed_by.empty()) {
    Refuse(node, Refusal::kForeignOrder);
    return nullptr;
  }
  OrderEntry entry{.node = node.view.identity,
                   .uid = *uid,
                   .view = SentNow(id, KindOf(id, kind)),
                   .deadline = clock_.Monotonic() + options_.orders.join_timeout};
  orders_.Put(std::move(entry));
  ++orders_version_;
  orders_changed_.notify_all();
  return orders_.Find(id);
}

void Fleet::TakeProgress(Node& node, const ProgressReport& progress) {
  if (orders_.WasFinished(progress.id)) return;
  OrderEntry* entry = OrderOf(node, progress.id, progress.uid, progress.kind);
  if (entry == nullptr || (entry->view.result && !entry->presumed)) return;
  entry->view.phase = progress.phase;
  entry->view.guest_pid = progress.guest_pid;
  Tell(*entry);
}

void Fleet::TakeResult(Node& node, ResultReport result) {
  if (orders_.WasFinished(result.id)) return SendResultAck(node, result.id);
  OrderEntry* entry = OrderOf(node, result.id, result.uid, result.kind);
  // A second time the same order: it was told; the acknowledgement is on its way.
  if (entry == nullptr || (entry->view.result && !entry->presumed)) return;
  FAILPOINT("fleet.result.before");
  entry->view.result = result.result;
  entry->view.detail = std::move(result.detail);
  entry->view.proof = std::move(result.proof);
  entry->presumed = false;
  metrics_.OrderEnded(entry->view.kind, result.result);
  Tell(*entry);
  FAILPOINT("fleet.result.told");
}

void Fleet::Tell(const OrderEntry& entry) {
  reports_.JobChanged(entry.node, entry.uid, entry.view);
}

}  // namespace innkeeper
