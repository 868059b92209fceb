// The orders' half of agent_messages.h: from the domain's words to the wire.

#include <algorithm>
#include <utility>

#include "coordinator/fleet/agent_messages.h"

namespace innkeeper {
namespace {

void SetDuration(google::protobuf::Duration& out, Duration value) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(value);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<int32_t>((value - seconds).count()));
}

agent::v1::Order OrderFor(const VmUid& uid, const std::string& id, Duration timeout) {
  agent::v1::Order order;
  order.set_id(id);
  order.set_domain_uuid(uid.text);
  SetDuration(*order.mutable_timeout(), timeout);
  return order;
}

}  // namespace

agent::v1::Order EncodeJoin(JoinJob& job, const RealmFacts& realm, const OrderPolicy& policy) {
  agent::v1::Order order = OrderFor(job.uid, job.attempt, policy.join_timeout);
  agent::v1::Enroll& enroll = *order.mutable_enroll();
  enroll.set_attempt(job.attempt);
  enroll.set_fqdn(job.fqdn.text);
  enroll.set_domain(realm.domain);
  enroll.set_realm(realm.realm);
  // The server that issued the password first: the others may not have it yet.
  if (!job.server.empty()) enroll.add_servers(job.server);
  for (const std::string& server : realm.servers) {
    if (server != job.server) enroll.add_servers(server);
  }
  enroll.set_ca(realm.ca);
  enroll.set_password(job.password.Reveal().data(), job.password.Reveal().size());
  job.password = Secret();
  enroll.set_may_install(policy.may_install);
  enroll.set_may_set_clock(policy.may_set_clock);
  enroll.set_begins_by_itself(job.by_disk);
  SetDuration(*enroll.mutable_clock_tolerance(), policy.clock_tolerance);
  enroll.mutable_cursor()->set_attempt(job.attempt);
  enroll.mutable_cursor()->set_guest_pid(job.guest_pid);
  return order;
}

agent::v1::Order EncodeVerify(const VmUid& uid, const Fqdn& fqdn, const std::string& id,
                              const RealmFacts& realm, const OrderPolicy& policy) {
  agent::v1::Order order = OrderFor(uid, id, policy.verify_timeout);
  agent::v1::Verify& verify = *order.mutable_verify();
  verify.set_fqdn(fqdn.text);
  verify.set_domain(realm.domain);
  verify.set_realm(realm.realm);
  verify.set_user(policy.lookup_user);
  return order;
}

agent::v1::Order EncodeLeave(const VmUid& uid, const Fqdn& fqdn, const std::string& id,
                             const RealmFacts& realm, const OrderPolicy& policy) {
  agent::v1::Order order = OrderFor(uid, id, policy.leave_timeout);
  agent::v1::Leave& leave = *order.mutable_leave();
  leave.set_attempt(id);
  leave.set_fqdn(fqdn.text);
  leave.set_realm(realm.realm);
  leave.mutable_cursor()->set_attempt(id);
  return order;
}

agent::v1::Order EncodeInspect(const VmUid& uid, const std::string& id, const OrderPolicy& policy) {
  agent::v1::Order order = OrderFor(uid, id, policy.inspect_timeout);
  order.mutable_inspect();
  return order;
}

void WipePassword(agent::v1::Order& order) {
  if (order.has_enroll()) WipeString(*order.mutable_enroll()->mutable_password());
}

}  // namespace innkeeper
