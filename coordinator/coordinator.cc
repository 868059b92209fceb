#include "coordinator/coordinator.h"

#include <prometheus/registry.h>

#include <atomic>
#include <utility>

#include "base/health.h"
#include "base/http_server/http_server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/version.h"
#include "coordinator/admin/audit_log.h"
#include "coordinator/admin/audit_view.h"
#include "coordinator/admin/authority_routes.h"
#include "coordinator/admin/change_feed.h"
#include "coordinator/admin/guest_routes.h"
#include "coordinator/admin/joiner_view.h"
#include "coordinator/admin/openapi.h"
#include "coordinator/admin/operation_routes.h"
#include "coordinator/admin/token_routes.h"
#include "coordinator/doors.h"
#include "coordinator/fleet/agent_service.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/guests/controller.h"
#include "coordinator/guests/guest_metrics.h"
#include "coordinator/guests/policy.h"
#include "coordinator/homes.h"
#include "coordinator/ipa/ipa.h"
#include "coordinator/ipa_settings.h"
#include "coordinator/node_directory.h"
#include "coordinator/pki/issuers.h"
#include "coordinator/pki/join.h"
#include "coordinator/pki/join_routes.h"
#include "coordinator/pki/serving_certificate.h"
#include "coordinator/pki/tokens.h"
#include "coordinator/webhook.h"

namespace innkeeper {
namespace {

constexpr Duration kStartTimeout = std::chrono::seconds(30);

class RealCoordinator final : public Coordinator {
 public:
  explicit RealCoordinator(const CoordinatorConfig& config)
      : config_(config), health_(clock_, std::chrono::minutes(2)) {}
  absl::Status Build();
  void AddTo(Daemon& daemon) override;

 private:
  absl::Status BuildIdentity(const Call& call);
  absl::Status BuildFleet();
  absl::Status BuildGuests();
  absl::Status BuildAdmin();
  absl::StatusOr<std::unique_ptr<HttpServer>> Listen(const std::string& where, TlsContext tls);
  absl::Status BuildListeners();
  absl::Status BuildWebhook();
  BootFacts Boot() const;
  void Led(bool leads);
  void RouteOn(HttpServer& server);
  void RouteJoinOn(HttpServer& server);
  OperationServices Services();
  HttpServerReply Metrics();
  admin::v1::Version Version(const Call& call);
  void UseCertificate(const KeyPair& pair, const std::string& clients);
  absl::Status StartAgents();

  const CoordinatorConfig config_;
  const RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  Health health_;
  std::vector<std::string> names_;
  // In the order of construction; each may use those before it.
  std::unique_ptr<Home> home_;
  KubeHome* kube_ = nullptr;  // home_, in a cluster
  std::unique_ptr<IpaClient> ipa_;
  std::unique_ptr<Issuers> issuers_;
  std::unique_ptr<JoinTokens> tokens_;
  std::unique_ptr<NodeGate> gate_;
  std::unique_ptr<ServingCertificate> certificate_;
  std::unique_ptr<FleetMetrics> fleet_metrics_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<AgentService> agents_;
  std::atomic<bool> agents_listen_ = false;  // others may use agents_
  std::unique_ptr<NodeDirectory> nodes_;
  std::unique_ptr<GuestMetrics> guest_metrics_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<Doors> doors_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<GuestRoutes> guest_routes_;
  std::unique_ptr<HttpServer> api_, socket_, metrics_;
  std::unique_ptr<Webhook> webhook_;
  RealmFacts realm_;
  Policy policy_ = DefaultPolicy();
};

absl::Status RealCoordinator::Build() {
  const Call call = Call::Within(kStartTimeout);
  RETURN_IF_ERROR(MakeStateFolder(config_.state_dir));
  ASSIGN_OR_RETURN(IpaOptions ipa, AccountOf(config_));  // before the first thread: Kerberos
  RegisterProcessMetrics(registry_, "coordinator");
  names_ = config_.names.empty() ? std::vector<std::string>{HostName()} : config_.names;
  ASSIGN_OR_RETURN(realm_, RealmFactsOf(config_));
  ASSIGN_OR_RETURN(OpenedHome opened,
                   OpenHome(
                       config_, [this] { return Boot(); }, clock_, random_, call));
  home_ = std::move(opened.home);
  kube_ = opened.kube;
  ASSIGN_OR_RETURN(ipa_, MakeIpaClient(std::move(ipa), clock_, random_, registry_));
  RETURN_IF_ERROR(BuildIdentity(call));
  RETURN_IF_ERROR(BuildFleet());
  RETURN_IF_ERROR(BuildGuests());
  RETURN_IF_ERROR(BuildAdmin());
  RETURN_IF_ERROR(BuildListeners());
  return BuildWebhook();
}

absl::Status RealCoordinator::BuildIdentity(const Call& call) {
  ASSIGN_OR_RETURN(issuers_, Issuers::Open(home_->vault(), home_->cluster(), clock_, call));
  tokens_ = std::make_unique<JoinTokens>(
      home_->vault(), clock_, [this] { return issuers_->SpkiSha256(Authority::kCoordinator); });
  NodeGate::Options options;
  options.life = absl::FromChrono(config_.agent_certificate_life);
  gate_ = std::make_unique<NodeGate>(*issuers_, *tokens_, home_->nodes(), clock_, options);
  ServingCertificate::Options serving;
  serving.directory = config_.state_dir + "/serving";
  serving.names = names_;
  serving.use = [this](const KeyPair& pair, const std::string& clients) {
    UseCertificate(pair, clients);
  };
  certificate_ = std::make_unique<ServingCertificate>(*issuers_, clock_, std::move(serving));
  issuers_->OnChange([this] { certificate_->Wake(); });
  return certificate_->Ensure();
}

// What the disk of a VM that joins by itself tells it.
BootFacts RealCoordinator::Boot() const {
  return {realm_.domain, realm_.realm, realm_.servers, realm_.ca, config_.join_timeout};
}

absl::Status RealCoordinator::BuildFleet() {
  Fleet::Options options;
  options.orders.join_timeout = config_.join_timeout;
  options.orders.clock_tolerance = config_.clock_tolerance;
  options.orders.lookup_user = config_.lookup_user;
  options.heartbeat = config_.heartbeat;
  options.version = kVersion;
  options.on_refused = [this](const NodeName& node, Refusal refusal) {
    doors_->NotBelieved(node, refusal);
  };
  fleet_metrics_ = std::make_unique<FleetMetrics>(registry_);
  fleet_ = std::make_unique<Fleet>(
      home_->domains(), home_->reports(), [this] { return realm_; }, clock_, *fleet_metrics_,
      std::move(options));
  nodes_ = std::make_unique<NodeDirectory>(NodeDirectory::Parts{
      *fleet_, home_->nodes(), *gate_, [this](const NodeName& node, const absl::Status& why) {
        if (agents_listen_) agents_->EndNode(node, why);
      }});
  return absl::OkStatus();
}

absl::Status RealCoordinator::BuildGuests() {
  IdentitySettings settings;
  settings.cluster = home_->cluster();
  settings.timings = config_.timings;
  settings.naming.domain = config_.ipa.domain;
  if (!config_.policy.empty()) {
    ASSIGN_OR_RETURN(policy_, ParsePolicy(config_.policy));
  }
  settings.policy = policy_;
  guest_metrics_ = std::make_unique<GuestMetrics>(registry_);
  Controller::Options options;
  options.workers = static_cast<size_t>(config_.workers);
  controller_ = std::make_unique<Controller>(
      Seams{home_->guests(), home_->inventory(), home_->DeliverBy(*fleet_), home_->recorder(),
            home_->operation(), home_->leadership(), *ipa_, clock_, random_},
      std::move(settings), *guest_metrics_, options);
  return absl::OkStatus();
}

absl::Status RealCoordinator::BuildAdmin() {
  std::string file = config_.audit_file;
  // A pod's folder goes with it: its log is kept by the cluster.
  if (file.empty() && kube_ == nullptr) file = config_.state_dir + "/audit.log";
  ASSIGN_OR_RETURN(audit_, AuditLog::Open(file));
  doors_ = std::make_unique<Doors>(
      Doors::Parts{*issuers_, *gate_, home_->leadership(), *audit_, clock_, registry_});
  feed_ = std::make_unique<ChangeFeed>(
      [this](const GuestKey& key, const Call& call) { return guest_routes_->Show(key, call); });
  guest_routes_ = std::make_unique<GuestRoutes>(
      GuestRoutes::Services{home_->guests(), home_->inventory(), *feed_, clock_,
                            [this](const GuestKey& key) { controller_->queue().Add(key.Text()); }});
  home_->guests().OnChange([this](const GuestKey& key) { feed_->GuestChanged(key); });
  home_->inventory().OnChange([this](const VmUid& uid) {
    if (const auto vm = home_->inventory().Find(uid)) feed_->GuestChanged(vm->key);
  });
  home_->recorder().OnEvent([this](const EventRecord& event) { feed_->EventAdded(event); });
  return absl::OkStatus();
}

OperationServices RealCoordinator::Services() {
  return OperationServices{
      .recorder = home_->recorder(),
      .operation = home_->operation(),
      .feed = *feed_,
      .removals_allowed = config_.removals_allowed,
      .nodes = [this](const Call& call) { return nodes_->List(call); },
      .revoke = [this](const NodeName& node,
                       const Call& call) { return nodes_->Revoke(node, call); },
      .forget = [this](const NodeName& node,
                       const Call& call) { return nodes_->Forget(node, call); },
      .audit = [this](bool adopt,
                      const Call& call) { return Ask(controller_->audit(), adopt, call); },
      .joiner_hosts =
          [this](const admin::v1::JoinerHostsRequest& wish, bool adopt, const Call& call) {
            return Ask(controller_->joiner_adoption(), wish, adopt, call);
          },
      .backup = [this](const std::string& path,
                       const Call& call) { return home_->Backup(path, call); },
      .version = [this](const Call& call) { return Version(call); }};
}

admin::v1::Version RealCoordinator::Version(const Call& call) {
  admin::v1::Version version;
  version.set_version(kVersion);
  version.set_cluster(home_->cluster().text);
  const absl::StatusOr<IpaFacts> facts = ipa_->Facts(call.AtMost(std::chrono::seconds(5)));
  version.set_ipa(facts.ok() ? "FreeIPA " + facts->version + " at " + facts->server
                             : "not reached: " + std::string(facts.status().message()));
  return version;
}

absl::StatusOr<std::unique_ptr<HttpServer>> RealCoordinator::Listen(const std::string& where,
                                                                    TlsContext tls) {
  HttpServer::Options options;
  options.listen = where;
  options.tls = std::move(tls);
  options.socket_group = config_.socket_group;
  options.workers = 8;
  options.on_refused = [this](const std::string& address, const absl::Status& why) {
    doors_->ApiRefused(address, why);
  };
  return HttpServer::Create(std::move(options));
}

absl::Status RealCoordinator::BuildListeners() {
  ASSIGN_OR_RETURN(const KeyPair pair, LoadKeyPair(config_.state_dir + "/serving"));
  ASSIGN_OR_RETURN(TlsContext tls,
                   MakeServerContext(pair, ClientBundle(*issuers_), ClientCertificate::kOptional));
  ASSIGN_OR_RETURN(api_, Listen(config_.listen_api, std::move(tls)));
  ASSIGN_OR_RETURN(socket_, Listen(config_.listen_socket, nullptr));
  RouteOn(*api_);
  RouteOn(*socket_);
  const auto scrape = [this](const HttpServerRequest&, const Call&) { return Metrics(); };
  if (!config_.listen_metrics.empty()) {
    ASSIGN_OR_RETURN(metrics_, Listen(config_.listen_metrics, nullptr));
    metrics_->Route("GET", "/metrics", scrape);
    health_.RouteOn(*metrics_);
  }
  // In a cluster every replica serves the webhook, and another one may lead.
  const Need lead = kube_ != nullptr ? Need::kInformative : Need::kRequired;
  health_.Add("leadership", lead, [this]() -> absl::Status {
    if (home_->leadership().Leads()) return absl::OkStatus();
    return absl::UnavailableError("another coordinator leads");
  });
  health_.Add(kube_ ? "api server" : "database", Need::kRequired,
              [this] { return home_->Health(); });
  health_.Add("nodes", Need::kInformative, [this]() -> absl::Status {
    if (home_->inventory().AllNodesConnected()) return absl::OkStatus();
    return absl::UnavailableError("a known node is not connected");
  });
  return absl::OkStatus();
}

absl::Status RealCoordinator::BuildWebhook() {
  if (config_.webhook.listen.empty()) return absl::OkStatus();
  if (kube_ == nullptr)
    return absl::InvalidArgumentError("webhook.listen is set, but home is not kubernetes");
  ASSIGN_OR_RETURN(webhook_, Webhook::Create({kube_->client(), kube_->opt_in(), home_->leadership(),
                                              *issuers_, registry_, clock_},
                                             Webhook::OptionsOf(config_, policy_, kube_->ns())));
  health_.Add("webhook certificate", Need::kRequired, [this] { return webhook_->Health(); });
  return absl::OkStatus();
}

void RealCoordinator::RouteOn(HttpServer& server) {
  guest_routes_->RouteOn(server, doors_->admin());
  RouteOperation(server, doors_->admin(), Services());
  RouteTokens(server, doors_->admin(), *tokens_);
  RouteOperators(server, doors_->admin(), *issuers_);
  RouteAuthorities(server, doors_->admin(),
                   {*issuers_, [this](const std::string& authority, const Call& call) {
                      return nodes_->Unaware(authority, call);
                    }});
  RouteOpenApi(server);
  health_.RouteOn(server);
  if (&server == api_.get()) RouteJoinOn(server);
}

void RealCoordinator::RouteJoinOn(HttpServer& server) {
  JoinAnswers answers;
  answers.cluster = home_->cluster();
  answers.agent_endpoint = config_.agent_endpoint;
  if (answers.agent_endpoint.empty()) {
    const std::string& listen = config_.listen_agents;
    answers.agent_endpoint = names_.front() + listen.substr(listen.rfind(':'));
  }
  answers.audit = [this](const std::string& action, const std::string& who,
                         const std::string& address, const absl::Status& outcome) {
    doors_->Joined(action, who, address, outcome);
  };
  RouteJoin(server, *gate_, std::move(answers));
}

HttpServerReply RealCoordinator::Metrics() {
  controller_->UpdateMetrics();
  UpdateProcessMetrics(registry_);
  HttpServerReply reply;
  reply.content_type = kMetricsContentType;
  reply.body = MetricsText(registry_);
  return reply;
}

void RealCoordinator::UseCertificate(const KeyPair& pair, const std::string& clients) {
  if (!api_) return;  // it takes the present one when it is built
  absl::StatusOr<TlsContext> tls = MakeServerContext(pair, clients, ClientCertificate::kOptional);
  if (!tls.ok()) return LogError("new certificate is not used", {{"err", tls.status()}});
  api_->ReplaceTls(*std::move(tls));
}

// What changed while another one led is looked at anew; agents follow who leads.
void RealCoordinator::Led(bool leads) {
  if (!leads) return nodes_->SendAway(absl::UnavailableError("another coordinator leads"));
  const absl::Status loaded = controller_->Load(Call::Within(kStartTimeout));
  if (!loaded.ok()) LogError("guests cannot be read", {{"err", loaded}});
  if (webhook_) webhook_->Wake();
}

absl::Status RealCoordinator::StartAgents() {
  AgentService::Options options;
  options.listen = config_.listen_agents;
  options.key_directory = config_.state_dir + "/serving";
  options.heartbeat = config_.heartbeat;
  ASSIGN_OR_RETURN(agents_, AgentService::Create(std::move(options), doors_->Agents(), *fleet_,
                                                 clock_, *fleet_metrics_));
  agents_listen_ = true;
  LogInfo("listening", {{"agents", agents_->endpoint()},
                        {"api", api_->endpoint()},
                        {"socket", socket_->endpoint()},
                        {"metrics", metrics_ ? metrics_->endpoint() : ""},
                        {"webhook", webhook_ ? webhook_->endpoint() : ""},
                        {"cluster", home_->cluster().text}});
  return absl::OkStatus();
}

void RealCoordinator::AddTo(Daemon& daemon) {
  daemon.Add({"certificate",
              [this] {
                certificate_->Start();
                fleet_->Start();
                return absl::OkStatus();
              },
              nullptr});
  if (kube_ != nullptr) kube_->OnLeadership([this](bool leads) { Led(leads); });
  daemon.Add({"home", [this] { return home_->Start(Call::Within(kStartTimeout)); },
              [this](const Call&) { home_->Stop(); }});
  if (webhook_) {
    daemon.Add({"webhook " + webhook_->endpoint(), [this] { return webhook_->Start(); },
                [this](const Call& drain) { webhook_->Stop(drain); }});
  }
  daemon.Add({"guests", [this] { return controller_->Start(Call::Within(kStartTimeout)); },
              [this](const Call&) { controller_->Stop(); }});
  daemon.Add({"agents", [this] { return StartAgents(); },
              [this](const Call& drain) { agents_->Stop(drain); }});
  for (HttpServer* server : {api_.get(), socket_.get(), metrics_.get()}) {
    if (server == nullptr) continue;
    daemon.Add({"http " + server->endpoint(), [server] { return server->Start(); },
                [server](const Call& drain) { server->Stop(drain); }});
  }
  daemon.OnWatchdog([this] {
    health_.Beat();
    return true;
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Create(const CoordinatorConfig& config) {
  auto coordinator = std::make_unique<RealCoordinator>(config);
  RETURN_IF_ERROR(coordinator->Build());
  return coordinator;
}

}  // namespace innkeeper
