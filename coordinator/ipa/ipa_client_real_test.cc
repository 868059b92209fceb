// The contract of IpaClient at a real FreeIPA, with the account and the role that `ipa setup`
// makes.

#include "coordinator/guests/testing/ipa_client_contract.h"
#include "coordinator/ipa/grant.h"
#include "coordinator/ipa/setup.h"
#include "coordinator/ipa/testing/real_ipa.h"

namespace innkeeper {
namespace {

// Set up once for all tests: a cluster of its own, found by DNS, logged in as its own account.
class SharedRealIpa {
 public:
  static SharedRealIpa* instance;

  absl::Status Open() {
    ASSIGN_OR_RETURN(admin_, RealIpaAdmin::Connect());
    setup_.cluster = ClusterId{"contract-" + RandomHex(4)};
    setup_.account = AccountKind::kUser;
    setup_.host_groups = {"guests-" + RandomHex(4)};
    setup_.secret_file = scratch_.path() + "/password";
    IpaSetup setup(
        admin_->connection().dispatcher(),
        [](const std::string&, const std::string&, const Call&) { return absl::OkStatus(); },
        clock_, setup_);
    RETURN_IF_ERROR(setup.Apply([](const SetupStep&) {}, Call::Within(std::chrono::minutes(1))));
    const RealIpaPlace& place = admin_->place();
    IpaOptions options;
    options.domain = place.domain;
    options.dns_server = place.dns;
    options.ca_file = place.ca_file;
    options.user = AccountName(setup_);
    options.password = ReadSecretFile(setup_.secret_file);
    ASSIGN_OR_RETURN(client_, MakeIpaClient(std::move(options), clock_, random_, registry_));
    return absl::OkStatus();
  }
  ~SharedRealIpa() {
    if (admin_) admin_->RemoveSetup(setup_);
  }

  RealIpaAdmin& admin() { return *admin_; }
  IpaClient& client() { return *client_; }
  const SetupOptions& setup() const { return setup_; }

 private:
  RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  ScratchFolder scratch_;
  SetupOptions setup_;
  std::unique_ptr<RealIpaAdmin> admin_;
  std::unique_ptr<IpaClient> client_;
};
SharedRealIpa* SharedRealIpa::instance = nullptr;

class RealIpaEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    const absl::Status opened = shared_.Open();
    if (!opened.ok()) {
      std::cerr << "no real FreeIPA: " << ToText(opened) << "\n";
      std::exit(1);
    }
    SharedRealIpa::instance = &shared_;
  }

 private:
  SharedRealIpa shared_;
};
const testing::Environment* const kEnvironment =
    testing::AddGlobalTestEnvironment(new RealIpaEnvironment);

class RealIpaWorld final : public IpaWorld {
 public:
  IpaClient& client() override { return ipa().client(); }
  ClusterId cluster() override { return ipa().setup().cluster; }
  std::string domain() override { return ipa().admin().place().domain; }
  std::string host_group() override { return ipa().setup().host_groups.front(); }
  absl::Status Join(const Fqdn& fqdn, const IssuedPassword& password) override {
    return ipa().admin().Join(fqdn, password.password);
  }
  absl::Status PutForeignHost(const Fqdn& fqdn, const std::string& user_class) override {
    return ipa().admin().Run(
        "host_add", {fqdn.text},
        {{"force", true}, {"userclass", std::vector<std::string>{user_class}}});
  }
  absl::Status PutDescribedHost(const Fqdn& fqdn, const std::string& description) override {
    return ipa().admin().Run(
        "host_add", {fqdn.text},
        {{"force", true}, {"description", description}, {"userpassword", RandomHex(16)}});
  }
  absl::Status GrantClaims(bool granted) override {
    IpaGrant grant(ipa().admin().connection().dispatcher(), ipa().setup().cluster);
    const Call call = Call::Within(std::chrono::minutes(1));
    return (granted ? grant.Give(call) : grant.Withdraw(call)).status();
  }
  absl::Status RemoveHost(const Fqdn& fqdn) override {
    return ipa().admin().Run("host_del", {std::vector<std::string>{fqdn.text}}, {});
  }

 private:
  static SharedRealIpa& ipa() { return *SharedRealIpa::instance; }
};

INSTANTIATE_TEST_SUITE_P(RealFreeIpa, IpaClientContract,
                         testing::Values([] { return std::make_unique<RealIpaWorld>(); }));

}  // namespace
}  // namespace innkeeper
