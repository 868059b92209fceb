#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/link/grpc_coordinator_link.h"
#include "agent/link/grpc_dialer.h"
#include "agent/link/testing/fake_node.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/testing/temp_dir.h"
#include "prometheus/registry.h"

namespace innkeeper {

// The real link with a fake node above it.
class TestAgent {
 public:
  explicit TestAgent(const std::string& endpoint, LinkOutbox::Limits outbox = {}) {
    GrpcCoordinatorLink::Options options;
    options.endpoints = {endpoint};
    options.version = "0.1.0";
    options.boot_id = "boot";
    options.retry = {std::chrono::milliseconds(20), std::chrono::milliseconds(200)};
    options.handover = std::chrono::seconds(5);
    options.outbox = outbox;
    GrpcDialerOptions dialer;
    dialer.key_directory = keys();
    link_ =
        *GrpcCoordinatorLink::Create(options, MakeGrpcDialer(dialer), clock_, random_, registry_);
  }
  ~TestAgent() { Stop(); }

  void Start() { static_cast<void>(link_->Start(node_)); }
  void Stop() { link_->Stop(Call::Within(std::chrono::seconds(2))); }
  bool Connects() {
    return node_.Eventually([this] { return node_.connected(); });
  }
  std::string keys() const { return dir_.File("keys"); }
  GrpcCoordinatorLink& link() { return *link_; }
  FakeNode& node() { return node_; }

 private:
  TempDir dir_;
  RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  FakeNode node_;
  std::unique_ptr<GrpcCoordinatorLink> link_;
};

}  // namespace innkeeper
