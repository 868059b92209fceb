#pragma once
// The admin API as the coordinator serves it, over a coordinator core in memory: real routes, real
// reconcilers, doubles for FreeIPA, guests and storage. Work happens when the test says so.

#include <prometheus/registry.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/guarded.h"
#include "base/health.h"
#include "base/http_server/http_server.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_pki.h"
#include "coordinator/admin/admin_gate.h"
#include "coordinator/admin/change_feed.h"
#include "coordinator/admin/guest_routes.h"
#include "coordinator/admin/operation_routes.h"
#include "coordinator/guests/testing/guest_world.h"
#include "coordinator/pki/issuers.h"
#include "coordinator/pki/join.h"
#include "coordinator/pki/tokens.h"

namespace innkeeper {

class AdminServer {
 public:
  enum class Channel { kSocket, kTls };
  explicit AdminServer(Channel channel = Channel::kSocket);
  ~AdminServer();

  // Registers every route of the coordinator's HTTPS port on a server, in its order.
  void RouteOn(HttpServer& server);
  void Stop();

  // What --server takes.
  std::string address() const;
  // Whoever may be called an operator: any certificate of this authority.
  const TestAuthority& operators() const { return operators_; }
  const TestAuthority& authority() const { return authority_; }
  const TempDir& dir() const { return dir_; }
  // The world is the test's and the handlers' by turns: theirs as long as the handle lives, so to
  // the end of the statement. A request sent meanwhile would wait for ever.
  class Turn {
   public:
    explicit Turn(AdminServer& server) : lock_(server.turn_), world_(server.world_) {}
    GuestWorld* operator->() const { return &world_; }

   private:
    std::scoped_lock<std::mutex> lock_;
    GuestWorld& world_;
  };
  Turn world() { return Turn(*this); }

  // Whether wishes are worked on at once; else when the test settles the world.
  std::atomic<bool> works_at_once = true;
  void AddNode(admin::v1::Node node);

 private:
  OperationServices Services();
  absl::StatusOr<admin::v1::Node> ChangeNode(const NodeName& name, const std::string& state);

  Guarded<std::vector<admin::v1::Node>> nodes_;
  TempDir dir_;
  TestAuthority authority_, operators_;
  std::mutex turn_;
  GuestWorld world_;
  FakeVault vault_;
  FakeNodeStore node_store_;
  std::unique_ptr<Issuers> issuers_;
  std::unique_ptr<JoinTokens> tokens_;
  std::unique_ptr<NodeGate> node_gate_;
  std::unique_ptr<AuditLog> audit_;
  prometheus::Registry registry_;
  std::unique_ptr<RefusalLog> refusals_;
  std::unique_ptr<AdminGate> gate_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<GuestRoutes> guests_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace innkeeper
