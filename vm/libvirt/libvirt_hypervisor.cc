#include "vm/libvirt/libvirt_hypervisor.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/backoff.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "vm/guest_agent/guest_agent.h"
#include "vm/libvirt/agent_pool.h"
#include "vm/libvirt/close_watch.h"
#include "vm/libvirt/domain_events.h"
#include "vm/libvirt/inventory.h"

namespace innkeeper {
namespace {

using Kind = HypervisorEvent::Kind;

// One generation: a connection and the watch on it.
struct Link {
  explicit Link(std::unique_ptr<DaemonConnection> connection)
      : daemon(std::move(connection)), watch(*daemon) {}
  const std::unique_ptr<DaemonConnection> daemon;
  CloseWatch watch;
};

class Daemon final : public LibvirtHypervisor {
 public:
  Daemon(Options options, Random& random)
      : options_(std::move(options)),
        backoff_({options_.first_retry, options_.last_retry}, random),
        agents_([this] { return Uri(); }, limits_, options_.agent_calls) {}
  ~Daemon() override { Stop(); }

  void Subscribe(std::function<void(const HypervisorEvent&)> sink) override {
    sink_.With([&](auto& current) { current = std::move(sink); });
  }
  absl::Status Start() override {
    link_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
    return absl::OkStatus();
  }
  void Stop() override {
    link_.request_stop();
    if (link_.joinable()) link_.join();
    agents_.DropIdle();
  }

  bool connected() const override {
    return current_.With([](const auto& link) { return link != nullptr; });
  }
  std::string version() const override {
    return version_.With([](const auto& text) { return text; });
  }
  Counts counts() const override;

  absl::StatusOr<std::vector<DomainState>> ListDomains(const Call& call) override {
    return OnInventory(call, [&](DaemonConnection& d) { return innkeeper::ListDomains(d, call); });
  }
  absl::StatusOr<DomainState> ReadDomain(const DomainId& id, const Call& call) override {
    return OnInventory(call,
                       [&](DaemonConnection& d) { return innkeeper::ReadDomain(d, id, call); });
  }
  absl::StatusOr<std::vector<DomainState>> Sweep(const Call& call) override {
    return OnInventory(call, [&](DaemonConnection& d) { return SweepDomains(d, call); });
  }
  absl::StatusOr<std::string> AgentCommand(const DomainId& id, const std::string& command,
                                           int seconds, const Call& call) override {
    IK_CHECK(seconds >= 5);  // less gains nothing, and negative values block without bound
    if (!connected()) return NotConnected();
    return agents_.Command(id, command, seconds, call);
  }

 private:
  absl::Status NotConnected() const {
    return AgentError(AgentFailure::kDaemonLost, "not connected to " + options_.uri);
  }
  DaemonUri Uri() const {
    return ResolveDaemonUri(options_.uri, [](const std::string& path) {
      std::error_code unreadable;
      return std::filesystem::exists(path, unreadable);
    });
  }
  template <class Use>
  std::invoke_result_t<Use, DaemonConnection&> OnInventory(const Call& call, Use&& use) {
    RETURN_IF_ERROR(call.Check("libvirt"));
    const std::shared_ptr<Link> link = current_.With([](const auto& current) { return current; });
    if (link == nullptr) return NotConnected();
    auto result = use(*link->daemon);
    // A connection that was cut for this call is of no use to anyone any more.
    if (!result.ok() && !link->daemon->alive()) link->watch.NoteLoss("a call found it lost");
    return result;
  }
  void Emit(const HypervisorEvent& event) {
    sink_.With([&](const auto& sink) {
      if (sink) sink(event);
    });
  }

  void Run(const std::stop_token& stop);
  absl::Status Serve(const std::stop_token& stop);
  void Tell(const absl::Status& why);
  void Rest(Duration pause, const std::stop_token& stop);

  const Options options_;
  Backoff backoff_;  // the link thread's
  CallLimits limits_;
  Guarded<std::function<void(const HypervisorEvent&)>> sink_;  // locked while it runs
  mutable Guarded<std::shared_ptr<Link>> current_;             // null: not connected
  mutable Guarded<std::string> version_;
  std::atomic<uint64_t> connects_ = 0;
  std::atomic<uint64_t> failed_connects_ = 0;
  AgentPool agents_;
  bool outage_told_ = false;  // the link thread's
  std::jthread link_;
};

LibvirtHypervisor::Counts Daemon::counts() const {
  const AgentPool::Counts agents = agents_.counts();
  return {connects_, failed_connects_, agents.in_flight, agents.calls, agents.cut};
}

void Daemon::Run(const std::stop_token& stop) {
  NameThread("libvirt-link");
  while (!stop.stop_requested()) {
    const absl::Status ended = Serve(stop);
    if (stop.stop_requested()) return;
    Tell(ended);
    Rest(backoff_.Next(), stop);
  }
}

// One outage, one line.
void Daemon::Tell(const absl::Status& why) {
  if (outage_told_) return;
  outage_told_ = true;
  LogWarning("libvirt daemon out of reach", {{"uri", options_.uri}, {"error", why}});
}

void Daemon::Rest(Duration pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, pause, [] { return false; });
}

// One connection from beginning to end; why it ended.
absl::Status Daemon::Serve(const std::stop_token& stop) {
  const Call call = Call::Within(options_.connect_timeout, stop);
  auto opened = DaemonConnection::Open(Uri(), DaemonConnection::Access::kRead, limits_, call);
  failed_connects_ += opened.ok() ? 0 : 1;
  RETURN_IF_ERROR(opened.status());
  const auto link = std::make_shared<Link>(*std::move(opened));
  ASSIGN_OR_RETURN(const auto events, DomainEvents::Register(
                                          *link->daemon, [this](const auto& e) { Emit(e); }, call));
  ASSIGN_OR_RETURN(std::string version, ReadVersion(*link->daemon, call));
  LogInfo("connected to libvirt", {{"uri", options_.uri}, {"version", version}});
  version_.With([&](auto& text) { text = std::move(version); });
  current_.With([&](auto& current) { current = link; });
  ++connects_;
  outage_told_ = false;
  backoff_.Reset();
  Emit({Kind::kConnectionBack, {}});

  const std::string why = link->watch.AwaitLoss(stop);
  current_.With([](auto& current) { current = nullptr; });
  agents_.DropIdle();
  events->Silence();
  Emit({Kind::kConnectionLost, {}});
  return absl::UnavailableError(why);
}

}  // namespace

std::unique_ptr<LibvirtHypervisor> LibvirtHypervisor::Create(Options options, LibvirtEventLoop&,
                                                             Random& random) {
  return std::make_unique<Daemon>(std::move(options), random);
}

}  // namespace innkeeper
