// The least that an agent could be: one libvirt connection with one callback, one gRPC stream. On
// each lifecycle event it plays one ping-pong with the server and reports when that was over.
//
//   bench_floor_agent LIBVIRT_URI ENDPOINT KEY_DIRECTORY

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>
#include <libvirt/libvirt.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "innkeeper/agent/v1/agent.grpc.pb.h"

namespace {

using innkeeper::agent::v1::AgentMessage;
using innkeeper::agent::v1::AgentService;
using innkeeper::agent::v1::CoordinatorMessage;

struct Stream {
  std::unique_ptr<grpc::ClientReaderWriter<AgentMessage, CoordinatorMessage>> call;
  std::mutex writing;  // libvirt's thread and the reader's both write
};

std::string File(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Say(Stream& stream, uint64_t number, bool report) {
  AgentMessage message;
  message.mutable_heartbeat()->set_sequence(number);
  message.mutable_heartbeat()->set_drops(report ? 1 : 0);
  const std::scoped_lock lock(stream.writing);
  stream.call->Write(message);
}

void OnLifecycle(virConnectPtr, virDomainPtr, int, int, void* stream) {
  Say(*static_cast<Stream*>(stream), 0, false);
}

void ReportPongs(Stream& stream) {
  CoordinatorMessage pong;
  while (stream.call->Read(&pong)) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    Say(stream, static_cast<uint64_t>(now / std::chrono::nanoseconds(1)), true);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string keys = std::string(argv[3]) + "/current/";
  grpc::SslCredentialsOptions tls{.pem_root_certs = File(keys + "ca.crt"),
                                  .pem_private_key = File(keys + "tls.key"),
                                  .pem_cert_chain = File(keys + "tls.crt")};
  const auto stub = AgentService::NewStub(grpc::CreateChannel(argv[2], grpc::SslCredentials(tls)));
  grpc::ClientContext call;
  call.set_wait_for_ready(true);
  Stream stream{.call = stub->Connect(&call), .writing = {}};

  virEventRegisterDefaultImpl();
  std::thread events([] {
    while (virEventRunDefaultImpl() == 0) {
    }
  });
  virConnectPtr connection = virConnectOpenReadOnly(argv[1]);
  if (connection == nullptr) return 1;
  virConnectDomainEventRegisterAny(connection, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                   VIR_DOMAIN_EVENT_CALLBACK(OnLifecycle), &stream, nullptr);
  Say(stream, 0, false);  // opens the stream at the server
  ReportPongs(stream);
  std::_Exit(0);
}
