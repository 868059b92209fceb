#include "bench/echo_server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/server_credentials.h>

#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "base/testing/test_pki.h"
#include "base/tls.h"
#include "innkeeper/agent/v1/agent.grpc.pb.h"

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using agent::v1::CoordinatorMessage;

std::shared_ptr<grpc::ServerCredentials> Credentials(const TestAuthority& authority) {
  const KeyPair pair = authority.Sign();
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = authority.certificate();
  tls.pem_key_cert_pairs.push_back({std::string(pair.key.Reveal()), pair.chain});
  return grpc::SslServerCredentials(tls);
}

}  // namespace

struct EchoServer::State final : public agent::v1::AgentService::Service {
  grpc::Status Connect(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<CoordinatorMessage, AgentMessage>* stream) override {
    {
      const std::scoped_lock lock(mutex);
      ++clients;
    }
    changed.notify_all();
    AgentMessage message;
    CoordinatorMessage answer;
    while (stream->Read(&message)) {
      const uint64_t number = message.heartbeat().sequence();
      if (message.heartbeat().drops() != 0) {
        report(number);
        continue;
      }
      answer.mutable_ack()->set_sequence(number);
      if (!stream->Write(answer)) break;
    }
    return grpc::Status::OK;
  }

  std::function<void(uint64_t)> report;
  std::mutex mutex;
  std::condition_variable changed;
  int clients = 0;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

EchoServer::EchoServer(std::function<void(uint64_t)> report) : state_(new State) {
  state_->report = std::move(report);
  const TestAuthority authority;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", Credentials(authority), &state_->port);
  builder.RegisterService(state_.get());
  state_->server = builder.BuildAndStart();
  IK_CHECK(state_->server != nullptr);
  IK_CHECK(PublishKeyPair(keys(), authority.SignClient("floor"), authority.certificate()).ok());
}

EchoServer::~EchoServer() { state_->server->Shutdown(std::chrono::system_clock::now()); }

std::string EchoServer::endpoint() const { return "localhost:" + std::to_string(state_->port); }

bool EchoServer::AwaitClient() {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::minutes(1),
                                  [this] { return state_->clients > 0; });
}

}  // namespace innkeeper
