#include "coordinator/fleet/agent_service.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/library_logs.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "base/tls.h"
#include "coordinator/fleet/agent_reactor.h"
#include "coordinator/fleet/doorkeeper.h"
#include "coordinator/fleet/stream_registry.h"
#include "coordinator/fleet/worker_pool.h"

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using agent::v1::CoordinatorMessage;
using Reactor = grpc::ServerBidiReactor<AgentMessage, CoordinatorMessage>;

constexpr int kMessageCap = 1 << 20;         // bytes; agents send snapshots in parts of 256 KiB
constexpr int kMetadataCap = 8 * 1024;       // bytes; we use no metadata
constexpr int kStreamsPerConnection = 2;     // an agent opens a connection per stream
constexpr int kWindow = 256 * 1024;          // bytes per stream that a peer may send unasked
constexpr int kKeepaliveMs = 30'000;         // a dead peer is noticed after this
constexpr int kKeepaliveTimeoutMs = 10'000;  // and this
constexpr int kLeastPingMs = 10'000;         // an agent that pings more often is cut off
constexpr int kHandshakeMs = 10'000;
constexpr int kIdleConnectionMs = 60'000;  // without a stream
constexpr int kHeartbeatsMissed = 3;

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const AgentService::Options& options,
                                                         const std::shared_ptr<Doorkeeper>& door) {
  const std::string current = options.key_directory + "/current/";
  const auto refresh = std::max<int64_t>(
      1, std::chrono::duration_cast<std::chrono::seconds>(options.reload).count());
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      current + "tls.key", current + "tls.crt", static_cast<unsigned int>(refresh));
  grpc::experimental::TlsServerCredentialsOptions tls(provider);
  tls.watch_identity_key_cert_pairs();
  // Asked for, and left to the doorkeeper: a certificate that OpenSSL refuses by itself, or that
  // was not sent, would end in a line of gRPC's log and nothing else.
  tls.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  tls.set_certificate_verifier(VerifierOf(door));
  return grpc::experimental::TlsServerCredentials(tls);
}

// "ipv4:10.1.2.3:4711" and "ipv6:%5B::1%5D:4711" to the bare address.
std::string BareAddress(std::string peer) {
  peer.erase(0, peer.find(':') + 1);
  peer.erase(std::min(peer.size(), peer.rfind(':')));
  if (peer.rfind("%5B", 0) == 0 && peer.size() >= 6) peer = peer.substr(3, peer.size() - 6);
  if (peer.rfind('[', 0) == 0 && peer.size() >= 2) peer = peer.substr(1, peer.size() - 2);
  return peer;
}

std::string PeerCertificate(const grpc::CallbackServerContext& call) {
  const auto values = call.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return values.size() == 1 ? std::string(values[0].data(), values[0].size()) : std::string();
}

// A call that is answered with an error and nothing else.
class RefusedCall final : public Reactor {
 public:
  explicit RefusedCall(const absl::Status& why) {
    Finish({static_cast<grpc::StatusCode>(why.code()), std::string(why.message())});
  }
  void OnDone() override { delete this; }  // gRPC's way: nobody else knows it
};

class GrpcAgentService final : public AgentService,
                               public agent::v1::AgentService::CallbackService {
 public:
  GrpcAgentService(const Options& options, AgentGate gate, AgentStreamListener& listener,
                   const Clock& clock, FleetMetrics& metrics)
      : registry_({options.streams, options.streams_per_node}),
        workers_("fleet-worker", options.workers, 2 * options.streams),
        context_{.gate = std::move(gate),
                 .listener = &listener,
                 .clock = &clock,
                 .metrics = &metrics,
                 .workers = &workers_,
                 .silence = kHeartbeatsMissed * options.heartbeat,
                 .drain = options.drain,
                 .wake_at = [this](AgentStream* s, MonotonicTime t) { registry_.WakeAt(s, t); },
                 .closed = [this](AgentStream* s) { registry_.Remove(s); }},
        door_(std::make_shared<Doorkeeper>(context_.gate, metrics)) {}

  ~GrpcAgentService() override { Stop(Call::Within(std::chrono::seconds(5))); }

  absl::Status Listen(const Options& options);
  Reactor* Connect(grpc::CallbackServerContext* call) override;
  void EndNode(const NodeName& node, const absl::Status& why) override;
  void Stop(const Call& drain) override;
  std::string endpoint() const override { return endpoint_; }
  size_t streams() const override { return registry_.size(); }

 private:
  absl::StatusOr<std::shared_ptr<AgentReactor>> Open(grpc::CallbackServerContext& call);

  StreamRegistry registry_;
  WorkerPool workers_;
  const ReactorContext context_;
  const std::shared_ptr<Doorkeeper> door_;
  std::string endpoint_;
  std::unique_ptr<grpc::Server> server_;
  std::jthread timer_;
};

absl::Status GrpcAgentService::Listen(const Options& options) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen, MakeCredentials(options, door_), &port);
  builder.RegisterService(this);
  builder.SetMaxReceiveMessageSize(kMessageCap);
  builder.SetMaxSendMessageSize(kMessageCap);
  builder.SetResourceQuota(grpc::ResourceQuota("agents").Resize(options.memory));
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, int>>{
           {GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection},
           {GRPC_ARG_MAX_METADATA_SIZE, kMetadataCap},
           {GRPC_ARG_HTTP2_BDP_PROBE, 0},
           {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindow},
           {GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs},
           {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs},
           {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
           {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingMs},
           {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs},
           {GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleConnectionMs},
           {GRPC_ARG_ALLOW_REUSEPORT, 0}}) {
    builder.AddChannelArgument(name, value);
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0)
    return absl::UnavailableError("cannot listen on " + options.listen);
  endpoint_ = options.listen.substr(0, options.listen.rfind(':') + 1) + std::to_string(port);
  timer_ = std::jthread([this](std::stop_token stop) {
    NameThread("fleet-streams");
    registry_.RunTimer(std::move(stop));
  });
  return absl::OkStatus();
}

Reactor* GrpcAgentService::Connect(grpc::CallbackServerContext* call) {
  const absl::StatusOr<std::shared_ptr<AgentReactor>> reactor = Open(*call);
  if (!reactor.ok()) return new RefusedCall(reactor.status());
  (*reactor)->Start();
  return reactor->get();  // the registry and the reactor itself hold it
}

absl::StatusOr<std::shared_ptr<AgentReactor>> GrpcAgentService::Open(
    grpc::CallbackServerContext& call) {
  AgentReactor::Peer peer{
      .who = {}, .certificate = PeerCertificate(call), .address = BareAddress(call.peer())};
  absl::StatusOr<StreamPeer> who = context_.gate.identify(peer.certificate);
  if (!who.ok()) {
    door_->TellRefused(peer.certificate, peer.address, who.status());
    return absl::PermissionDeniedError("the certificate is not an agent's");
  }
  peer.who = *std::move(who);
  auto reactor = std::make_shared<AgentReactor>(call, std::move(peer), context_);
  if (const absl::Status added = registry_.Add(reactor); !added.ok()) {
    context_.metrics->StreamRefused(FleetMetrics::StreamRefusal::kTooMany);
    return added;
  }
  return reactor;
}

void GrpcAgentService::EndNode(const NodeName& node, const absl::Status& why) {
  for (const auto& reactor : registry_.Of(node)) reactor->End(why);
}

void GrpcAgentService::Stop(const Call& drain) {
  if (server_ == nullptr) return;
  for (const auto& reactor : registry_.Close())
    reactor->End(absl::UnavailableError("the coordinator stops"));
  // Peers that do not take their goodbye are cut off at the deadline.
  const auto left =
      std::chrono::duration_cast<std::chrono::system_clock::duration>(drain.Remaining());
  server_->Shutdown(std::chrono::system_clock::now() + left);
  server_->Wait();
  // gRPC is done with every call now; what is left is to tell the listener.
  if (!registry_.WaitEmpty(Call::Within(std::chrono::seconds(5))))
    LogError("streams left at stop", {{"streams", registry_.size()}});
  door_->Close();
  timer_ = {};
  workers_.Stop();
  server_.reset();
}

}  // namespace

absl::StatusOr<std::unique_ptr<AgentService>> AgentService::Create(Options options, AgentGate gate,
                                                                   AgentStreamListener& listener,
                                                                   const Clock& clock,
                                                                   FleetMetrics& metrics) {
  RouteLibraryLogs();
  // gRPC takes any files and fails at the first handshake; better now.
  absl::StatusOr<KeyPair> pair = LoadKeyPair(options.key_directory);
  if (!pair.ok()) return absl::FailedPreconditionError(ToText(pair.status()));
  RETURN_IF_ERROR(ValidateKeyPair(*pair, /*ca=*/"", clock.Now()));
  auto service =
      std::make_unique<GrpcAgentService>(options, std::move(gate), listener, clock, metrics);
  RETURN_IF_ERROR(service->Listen(options));
  return service;
}

}  // namespace innkeeper
