#pragma once
// A guest with no field at its default: what every home must store without loss.

#include "coordinator/guests/guest.h"

namespace innkeeper {

inline IdentitySpec FullSpec() {
  return {Wish::kNo, "web.lab.example.test", {"web", "db"}, "tier1", 9, DeliveryMethod::kCloudInit};
}

inline GuestStatus FullStatus() {
  const absl::Time time = absl::FromUnixNanos(1'800'000'000'123'456'789);
  GuestStatus status;
  status.phase = Phase::kJoining;
  status.fqdn = {"web.lab.example.test"};
  status.host_dn = "fqdn=web";
  status.keytab_since = time;
  status.password_generation = 12;
  status.enrolled_generation = 3;
  status.attempt = Attempt{"join-1", 12, 3, time, "run-1", "ipa1", true, 4242, true};
  status.failures = 2;
  status.next_try = time + absl::Seconds(1);
  status.setback = Setback{time, "run-1", 3, true};
  status.unsure_until = time + absl::Seconds(2);
  status.first_try = time;
  status.enroll_took = absl::Milliseconds(48'500);
  status.verified_run = "run-1";
  status.host_groups = {"web", "db"};
  status.node = {"host1"};
  status.addresses = {"192.0.2.7", "2001:db8::7"};
  status.os = "Debian GNU/Linux 12";
  status.conditions[ConditionType::kEnrolled] = {Truth::kFalse, Reason::kJoining, "x", time};
  status.conditions[ConditionType::kHostRegistered] = {Truth::kTrue, Reason::kAdopted, "", time};
  status.conditions[ConditionType::kAgentConnected] = {Truth::kUnknown, Reason::kAgentDisconnected,
                                                       "", time};
  status.phase_times[Phase::kJoining] = time;
  status.phase_times[Phase::kNotEnrolled] = time - absl::Hours(1);
  status.leaving_since = time;
  status.disk_loaded = true;
  return status;
}

}  // namespace innkeeper
