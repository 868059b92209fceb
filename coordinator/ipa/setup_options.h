#pragma once

#include <string>
#include <vector>

#include "coordinator/guests/ids.h"

namespace innkeeper {

// Who the coordinator is in FreeIPA. A service with a keytab is the better choice: no password that
// ages, nothing that could log in to a machine.
enum class AccountKind { kService, kUser };

struct SetupOptions {
  ClusterId cluster;
  AccountKind account = AccountKind::kService;
  std::string coordinator_host;  // FQDN; kService: innkeeper/<coordinator_host>@<realm>
  std::string realm;             // kService
  std::string user;              // kUser; empty: "innkeeper-<cluster>", cut at 32 characters
  std::string secret_file;       // where the keytab or the password goes (0600)
  std::vector<std::string> host_groups;  // the coordinator may add its hosts to these
  std::vector<std::string> dns_zones;    // and delete records in these (FreeIPA's own DNS)
  bool revoke_certificates = false;      // needed where guests get certificates from FreeIPA's CA
};

}  // namespace innkeeper
