#include "agent/link/grpc_dialer.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "base/library_logs.h"
#include "base/tls.h"
#include "innkeeper/agent/v1/agent.grpc.pb.h"

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using agent::v1::CoordinatorMessage;

constexpr int kMessageCap = 1 << 20;  // bytes; an order's largest part is the CA bundle
constexpr int kKeepaliveTimeoutMs = 10'000;

int Milliseconds(Duration value) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(value).count());
}

class GrpcLinkStream final : public LinkStream {
 public:
  GrpcLinkStream(const std::string& endpoint,
                 const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                 const grpc::ChannelArguments& arguments)
      : channel_(grpc::CreateCustomChannel(endpoint, credentials, arguments)),
        stub_(agent::v1::AgentService::NewStub(channel_)) {
    // Else the constructor of the call would block until there is a connection.
    call_.set_initial_metadata_corked(true);
    stream_ = stub_->Connect(&call_);
  }

  bool Write(const AgentMessage& message) override { return stream_->Write(message); }
  bool Read(CoordinatorMessage& message) override { return stream_->Read(&message); }
  void CloseWrites() override { stream_->WritesDone(); }
  void Cancel() override { call_.TryCancel(); }
  absl::Status Finish() override {
    const grpc::Status status = stream_->Finish();
    return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<agent::v1::AgentService::Stub> stub_;
  grpc::ClientContext call_;
  std::unique_ptr<grpc::ClientReaderWriter<AgentMessage, CoordinatorMessage>> stream_;
};

absl::StatusOr<std::string> ReadBundle(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return absl::NotFoundError("no authority in " + path);
  return text;
}

grpc::ChannelArguments Arguments(const GrpcDialerOptions& options) {
  grpc::ChannelArguments arguments;
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  arguments.SetMaxReceiveMessageSize(kMessageCap);
  arguments.SetMaxSendMessageSize(kMessageCap);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // no connection of another stream
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);             // the link alone tries again
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.connect_timeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

LinkDialer MakeGrpcDialer(GrpcDialerOptions options) {
  RouteLibraryLogs();
  return [options = std::move(options)](
             const std::string& endpoint) -> absl::StatusOr<std::shared_ptr<LinkStream>> {
    ASSIGN_OR_RETURN(const KeyPair pair, LoadKeyPair(options.key_directory));
    ASSIGN_OR_RETURN(const std::string ca, ReadBundle(options.key_directory + "/current/ca.crt"));
    grpc::SslCredentialsOptions tls{.pem_root_certs = ca,
                                    .pem_private_key = std::string(pair.key.Reveal()),
                                    .pem_cert_chain = pair.chain};
    const auto credentials = grpc::SslCredentials(tls);
    WipeString(tls.pem_private_key);
    return std::make_shared<GrpcLinkStream>(endpoint, credentials, Arguments(options));
  };
}

}  // namespace innkeeper
