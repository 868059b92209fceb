#pragma once
// A real FreeIPA for tests, found by the environment that `tests/env/env freeipa env` prints. A
// test that needs it fails without it.

#include <prometheus/registry.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/ipa/ipa.h"
#include "coordinator/ipa/ipa_messages.h"
#include "coordinator/ipa/setup_options.h"

namespace innkeeper {

// IPA_SERVER, IPA_IP, IPA_DOMAIN, IPA_REALM, IPA_ADMIN_PASSWORD, IPA_CA_FILE; IPA_DNS defaults to
// IPA_IP.
struct RealIpaPlace {
  std::string server, address, domain, realm, admin_password, ca_file, dns;
  // FAILED_PRECONDITION naming the first variable that is not set.
  static absl::StatusOr<RealIpaPlace> FromEnvironment();
  // How to find and reach it, by DNS alone, as the administrator.
  IpaOptions AsAdmin() const;
  // How to reach it as somebody else: the account is still to be filled in.
  IpaOptions AsNobody() const;
};

// An administrator at the real server.
class RealIpaAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<RealIpaAdmin>> Connect();

  const RealIpaPlace& place() const { return place_; }
  IpaConnection& connection() { return *connection_; }
  // OK also when the entry is already so, or gone.
  absl::Status Run(const std::string& method, const std::vector<IpaValue>& arguments,
                   const IpaOptionMap& options);
  absl::StatusOr<IpaAnswer> Ask(const std::string& method, const std::vector<IpaValue>& arguments,
                                const IpaOptionMap& options);
  // Joins a host as ipa-client-install would: bind with the one-time password, enrol, take a key.
  absl::Status Join(const Fqdn& fqdn, const Secret& password);
  // Takes away all that `ipa setup` made for these options.
  void RemoveSetup(const SetupOptions& options);

 private:
  explicit RealIpaAdmin(RealIpaPlace place) : place_(std::move(place)) {}
  RealIpaPlace place_;
  RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  std::unique_ptr<IpaConnection> connection_;
};

// A scratch folder, removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The whole file, as a secret.
Secret ReadSecretFile(const std::string& path);

}  // namespace innkeeper
