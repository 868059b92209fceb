#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "base/tls.h"
#include "coordinator/fleet/testing/test_messages.h"
#include "innkeeper/agent/v1/agent.grpc.pb.h"

namespace innkeeper {

// A client that does what no agent of ours would: any certificate, any message, no manners.
class RawAgent {
 public:
  RawAgent(const std::string& endpoint, const std::string& ca, const std::optional<KeyPair>& pair) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = ca;
    if (pair) {
      tls.pem_cert_chain = pair->chain;
      tls.pem_private_key = std::string(pair->key.Reveal());
    }
    Open(endpoint, grpc::SslCredentials(tls));
  }
  explicit RawAgent(const std::string& endpoint) {
    Open(endpoint, grpc::InsecureChannelCredentials());
  }
  ~RawAgent() { call_.TryCancel(); }

  void Cancel() { call_.TryCancel(); }  // from any thread
  bool Write(const agent::v1::AgentMessage& message) { return stream_->Write(message); }
  std::optional<agent::v1::CoordinatorMessage> Read() {
    agent::v1::CoordinatorMessage message;
    return stream_->Read(&message) ? std::optional(message) : std::nullopt;
  }
  grpc::Status Finish() {
    agent::v1::CoordinatorMessage rest;
    while (stream_->Read(&rest)) {
    }
    return stream_->Finish();
  }
  // Hello and its answer: OK only when welcomed.
  grpc::Status Greet(uint64_t epoch = 1) {
    if (Write(HelloMessage(epoch))) {
      const auto answer = Read();
      if (answer && answer->has_welcome()) return grpc::Status::OK;
    }
    return Finish();
  }
  // PEM of the server's certificate, after Greet.
  std::string ServerCertificate() const {
    const auto values = call_.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
    return values.empty() ? "" : std::string(values[0].data(), values[0].size());
  }

 private:
  void Open(const std::string& endpoint, std::shared_ptr<grpc::ChannelCredentials> credentials) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetMaxSendMessageSize(-1);
    stub_ = agent::v1::AgentService::NewStub(
        grpc::CreateCustomChannel(endpoint, credentials, arguments));
    call_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_ = stub_->Connect(&call_);
  }

  grpc::ClientContext call_;
  std::unique_ptr<agent::v1::AgentService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<agent::v1::AgentMessage, agent::v1::CoordinatorMessage>>
      stream_;
};

}  // namespace innkeeper
