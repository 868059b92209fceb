#include "agent/agent.h"

#include <prometheus/registry.h>

#include <fstream>
#include <utility>
#include <vector>

#include "agent/agent_metrics.h"
#include "agent/link/grpc_coordinator_link.h"
#include "agent/link/grpc_dialer.h"
#include "agent/link/join_client.h"
#include "agent/link/renewer.h"
#include "agent/node.h"
#include "agent/units/no_host_units.h"
#include "agent/units/sdbus_host_units.h"
#include "base/health.h"
#include "base/http_server/http_server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/version.h"
#include "vm/guest_agent/qga_client.h"
#include "vm/libvirt/libvirt_hypervisor.h"

namespace innkeeper {
namespace {

std::string KernelBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id.empty() ? "unknown" : id;
}

// A loop that did not turn for this many sweeps is dead.
constexpr int kMissedSweeps = 4;

class RealAgent final : public Agent {
 public:
  explicit RealAgent(const AgentConfig& config)
      : config_(config),
        health_(clock_, config.libvirt_sweep * kMissedSweeps + std::chrono::seconds(30)) {}
  absl::Status Build();
  void AddTo(Daemon& daemon) override;

 private:
  struct LibvirtSide {
    std::unique_ptr<Hypervisor> hypervisor;
    std::unique_ptr<GuestAgent> guest_agent;
  };
  absl::Status BuildLink(const JoinRecord& joined);
  void BuildNode();
  absl::Status BuildListener();
  HttpServerReply Metrics();
  size_t ConnectedDaemons() const;

  const AgentConfig config_;
  const RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  Health health_;
  std::string boot_id_ = KernelBootId();
  LibvirtEventLoop libvirt_loop_;  // outlives every connection
  std::vector<LibvirtSide> libvirts_;
  std::unique_ptr<HostUnits> units_;
  std::unique_ptr<GrpcCoordinatorLink> link_;
  std::unique_ptr<Renewer> renewer_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<HttpServer> listener_;
};

absl::Status RealAgent::Build() {
  ASSIGN_OR_RETURN(const JoinRecord joined, LoadJoinRecord(config_.state_dir));
  RegisterProcessMetrics(registry_, "agent");
  for (const std::string& uri : config_.libvirt_uris) {
    auto hypervisor = LibvirtHypervisor::Create({.uri = uri}, libvirt_loop_, random_);
    auto guest_agent = std::make_unique<QgaClient>(*hypervisor);
    libvirts_.push_back({std::move(hypervisor), std::move(guest_agent)});
  }
  if (config_.units) {
    units_ = MakeSdBusHostUnits({});
  } else {
    units_ = std::make_unique<NoHostUnits>();
  }
  RETURN_IF_ERROR(BuildLink(joined));
  BuildNode();
  return config_.http_listen.empty() ? absl::OkStatus() : BuildListener();
}

absl::Status RealAgent::BuildLink(const JoinRecord& joined) {
  const std::string endpoint =
      config_.coordinator_endpoint.empty() ? joined.agent_endpoint : config_.coordinator_endpoint;
  ASSIGN_OR_RETURN(
      link_, GrpcCoordinatorLink::Create(
                 {.endpoints = {endpoint},
                  .version = kVersion,
                  .boot_id = boot_id_,
                  .features = {"set-time"},
                  .retry = {config_.reconnect_first, config_.reconnect_most}},
                 MakeGrpcDialer({.key_directory = config_.state_dir}), clock_, random_, registry_));
  renewer_ = std::make_unique<Renewer>(clock_, random_,
                                       Renewer::Options{.url = joined.url,
                                                        .directory = config_.state_dir,
                                                        .resolve = config_.coordinator_resolve,
                                                        .on_new = [this] { link_->Reload(); }});
  return absl::OkStatus();
}

void RealAgent::BuildNode() {
  std::vector<Node::Source> sources;
  for (const LibvirtSide& one : libvirts_) sources.push_back({*one.hypervisor, *one.guest_agent});
  Node::Options options;
  options.boot_id = boot_id_;
  options.watch.node_boot = boot_id_.substr(0, 8);
  options.watch.sweep = config_.libvirt_sweep;
  options.lanes.workers = static_cast<size_t>(config_.lane_workers);
  options.lanes.stuck_grace = config_.lane_stuck_grace;
  options.inspect_interval = config_.inspect_interval;
  options.turned = [this] { health_.Beat(); };
  node_ = std::make_unique<Node>(std::move(options), std::move(sources), *units_, *link_, clock_);
}

size_t RealAgent::ConnectedDaemons() const {
  size_t connected = 0;
  for (const LibvirtSide& one : libvirts_) connected += one.hypervisor->connected() ? 1 : 0;
  return connected;
}

HttpServerReply RealAgent::Metrics() {
  UpdateAgentMetrics(FiguresOf(*node_, ConnectedDaemons()), registry_);
  UpdateProcessMetrics(registry_);
  HttpServerReply reply;
  reply.content_type = kMetricsContentType;
  reply.body = MetricsText(registry_);
  return reply;
}

absl::Status RealAgent::BuildListener() {
  ASSIGN_OR_RETURN(listener_, HttpServer::Create({.listen = config_.http_listen, .workers = 2}));
  listener_->Route("GET", "/metrics",
                   [this](const HttpServerRequest&, const Call&) { return Metrics(); });
  health_.Add("libvirt-loop", Need::kRequired, [this]() -> absl::Status {
    const Duration silent = clock_.Monotonic() - libvirt_loop_.last_turn();
    if (silent < std::chrono::seconds(30)) return absl::OkStatus();
    return absl::UnavailableError("libvirt's event loop does not turn");
  });
  health_.Add("libvirt", Need::kRequired, [this]() -> absl::Status {
    if (ConnectedDaemons() == libvirts_.size()) return absl::OkStatus();
    return absl::UnavailableError("a libvirt daemon is not connected");
  });
  health_.Add("coordinator", Need::kInformative, [this]() -> absl::Status {
    if (link_->connected()) return absl::OkStatus();
    return absl::UnavailableError("not connected");
  });
  health_.Add("units", Need::kInformative, [this]() -> absl::Status {
    if (units_->View().bus) return absl::OkStatus();
    return absl::UnavailableError("no system bus");
  });
  health_.RouteOn(*listener_);
  return absl::OkStatus();
}

void RealAgent::AddTo(Daemon& daemon) {
  daemon.Add({"libvirt", [this] { return libvirt_loop_.Start(); },
              [this](const Call&) { libvirt_loop_.Stop(); }});
  daemon.Add({"node", [this] { return node_->Start(); },
              [this](const Call& drain) { node_->Stop(drain); }});
  daemon.Add({"renewer",
              [this] {
                renewer_->Start();
                return absl::OkStatus();
              },
              [this](const Call&) { renewer_->Stop(); }});
  if (listener_) {
    daemon.Add({"http", [this] { return listener_->Start(); },
                [this](const Call& drain) { listener_->Stop(drain); }});
    LogInfo("listening", {{"http", listener_->endpoint()}});
  }
  daemon.OnWatchdog([this] { return health_.Alive(); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Agent>> Agent::Create(const AgentConfig& config) {
  auto agent = std::make_unique<RealAgent>(config);
  const absl::Status built = agent->Build();
  if (absl::IsNotFound(built)) {
    return absl::FailedPreconditionError(
        std::string(built.message()) +
        "\nThis node has not joined: get a token with `innkeeper-coordinator token create`, then "
        "run `innkeeper-agent join https://COORDINATOR:7444` and give it the token.");
  }
  RETURN_IF_ERROR(built);
  return agent;
}

}  // namespace innkeeper
