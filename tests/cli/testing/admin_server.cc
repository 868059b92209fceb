#include "tests/cli/testing/admin_server.h"

#include "base/log.h"
#include "coordinator/admin/audit_view.h"
#include "coordinator/admin/authority_routes.h"
#include "coordinator/admin/joiner_view.h"
#include "coordinator/admin/openapi.h"
#include "coordinator/admin/token_routes.h"
#include "coordinator/pki/join_routes.h"

namespace innkeeper {
namespace {

Call Soon() { return Call::Within(std::chrono::seconds(10)); }

template <class T>
T Must(absl::StatusOr<T> value) {
  IK_CHECK(value.ok());
  return *std::move(value);
}

}  // namespace

AdminServer::AdminServer(Channel channel) {
  issuers_ = Must(Issuers::Open(vault_, {"c1"}, world_.clock, Soon()));
  tokens_ = std::make_unique<JoinTokens>(
      vault_, world_.clock, [this] { return issuers_->SpkiSha256(Authority::kCoordinator); });
  node_gate_ = std::make_unique<NodeGate>(*issuers_, *tokens_, node_store_, world_.clock,
                                          NodeGate::Options{});
  audit_ = Must(AuditLog::Open(dir_.File("audit.log")));
  refusals_ = std::make_unique<RefusalLog>(*audit_, registry_, RefusalLog::Options{});
  gate_ = std::make_unique<AdminGate>(
      *audit_, *refusals_,
      [](const std::string&) -> absl::StatusOr<std::string> { return "anna"; });
  feed_ = std::make_unique<ChangeFeed>(
      [this](const GuestKey& key, const Call& call) { return guests_->Show(key, call); });
  guests_ = std::make_unique<GuestRoutes>(GuestRoutes::Services{
      world_.store, world_.inventory, *feed_, world_.clock, [this](const GuestKey&) {
        if (works_at_once) world()->Settle();
      }});
  health_ = std::make_unique<Health>(world_.clock);
  world_.store.OnChange([this](const GuestKey& key) { feed_->GuestChanged(key); });
  world_.recorder.OnEvent([this](const EventRecord& event) { feed_->EventAdded(event); });
  HttpServer::Options options;
  options.listen = "unix:" + dir_.File("api.sock");
  if (channel == Channel::kTls) {
    options.listen = "127.0.0.1:0";
    options.tls = Must(MakeServerContext(authority_.Sign(), operators_.certificate(),
                                         ClientCertificate::kOptional));
  }
  server_ = Must(HttpServer::Create(std::move(options)));
  RouteOn(*server_);
  IK_CHECK(server_->Start().ok());
}

AdminServer::~AdminServer() { Stop(); }

void AdminServer::Stop() {
  if (server_) server_->Stop(Call::Within(std::chrono::seconds(1)));
}

std::string AdminServer::address() const {
  const std::string where = server_->endpoint();
  return where.starts_with("unix:") ? where : "https://" + where;
}

void AdminServer::RouteOn(HttpServer& server) {
  guests_->RouteOn(server, *gate_);
  RouteOperation(server, *gate_, Services());
  RouteTokens(server, *gate_, *tokens_);
  RouteOperators(server, *gate_, *issuers_);
  RouteAuthorities(server, *gate_, {*issuers_, [](const std::string&, const Call&) {
                                      return std::vector<std::string>{"host1"};
                                    }});
  RouteOpenApi(server);
  health_->RouteOn(server);
  RouteJoin(server, *node_gate_, {.cluster = {"c1"}, .agent_endpoint = "centre:7443", .audit = {}});
}

absl::StatusOr<admin::v1::Node> AdminServer::ChangeNode(const NodeName& name,
                                                        const std::string& state) {
  return nodes_.With([&](auto& nodes) -> absl::StatusOr<admin::v1::Node> {
    for (admin::v1::Node& node : nodes) {
      if (node.name() != name.text) continue;
      node.set_state(state);
      return node;
    }
    return absl::NotFoundError("no node '" + name.text + "'");
  });
}

void AdminServer::AddNode(admin::v1::Node node) {
  nodes_.With([&](auto& nodes) { nodes.push_back(std::move(node)); });
}

OperationServices AdminServer::Services() {
  return OperationServices{
      .recorder = world_.recorder,
      .operation = world_.operation,
      .feed = *feed_,
      .removals_allowed = 20,
      .nodes = [this](const Call&) { return nodes_.With([](auto& nodes) { return nodes; }); },
      .revoke = [this](const NodeName& node, const Call&) { return ChangeNode(node, "revoked"); },
      .forget = [this](const NodeName& node, const Call&) { return ChangeNode(node, "forgotten"); },
      .audit = [this](bool adopt, const Call& call) -> absl::StatusOr<admin::v1::AuditResponse> {
        const Turn turn = world();
        Audit& audit = turn->controller().audit();
        ASSIGN_OR_RETURN(const AuditReport report, adopt ? audit.Adopt(call) : audit.Run(call));
        return ShowAudit(report);
      },
      .joiner_hosts = [this](const admin::v1::JoinerHostsRequest& wish, bool adopt,
                             const Call& call) -> absl::StatusOr<admin::v1::JoinerHostsResponse> {
        const Turn turn = world();
        return Ask(turn->controller().joiner_adoption(), wish, adopt, call);
      },
      .backup = [](const std::string&, const Call&) { return absl::OkStatus(); },
      .version =
          [](const Call&) {
            admin::v1::Version version;
            version.set_version("9.8.7");
            version.set_cluster("c1");
            version.set_ipa("FreeIPA 4.12.4 at ipa.example.test");
            return version;
          }};
}

}  // namespace innkeeper
