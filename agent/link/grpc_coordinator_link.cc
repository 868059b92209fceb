#include "agent/link/grpc_coordinator_link.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "agent/link/link_metrics.h"
#include "agent/link/link_session.h"
#include "base/bounded_queue.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using agent::v1::CoordinatorMessage;

// Streams that wait for the reader: the present one and one being replaced, and then some.
constexpr size_t kStreams = 8;
// A coordinator that sends us from one to the next is obeyed so often without a pause.
constexpr int kRedirects = 3;
// What a Hello may name, by the contract. Orders beyond it are answered after the next stream
// opens.
constexpr size_t kMostOpenOrders = 8192;

// One stream and what both threads know of it.
struct Connection {
  std::shared_ptr<LinkStream> stream;
  std::string endpoint;
  std::atomic<bool> current = true;               // not being replaced
  std::atomic<bool> ended = false;                // the reader has left it
  MonotonicTime leave_by = MonotonicTime::max();  // the writer's
};
using ConnectionPtr = std::shared_ptr<Connection>;

class StreamingLink final : public GrpcCoordinatorLink {
 public:
  StreamingLink(Options options, LinkDialer dialer, const Clock& clock, Random& random,
                prometheus::Registry& registry)
      : options_(std::move(options)),
        dialer_(std::move(dialer)),
        clock_(clock),
        metrics_(registry),
        outbox_(options_.outbox),
        backoff_(options_.retry, random) {}
  ~StreamingLink() override { Stop(Call::Within(Duration::zero())); }

  absl::Status Start(LinkListener& listener) override;
  void Stop(const Call& drain) override;
  bool connected() const override { return connected_; }
  void Reload() override {
    reload_ = true;
    outbox_.Poke();
  }
  void Publish(agent::v1::Domain domain) override { outbox_.Publish(std::move(domain)); }
  void Publish(agent::v1::DomainGone gone) override { outbox_.Publish(std::move(gone)); }
  void Publish(agent::v1::HostUnits units) override { outbox_.Publish(std::move(units)); }
  void Publish(agent::v1::OrderProgress progress) override { outbox_.Publish(std::move(progress)); }
  void Publish(agent::v1::OrderResult result) override { outbox_.Publish(std::move(result)); }

 private:
  void RunWriter(const std::stop_token& stop);
  void RunReader(const std::stop_token& stop);
  absl::StatusOr<ConnectionPtr> Open();
  absl::Status Serve(const ConnectionPtr& first, const std::stop_token& stop);
  bool SendWhatIsDue(LinkStream& stream);
  bool SendSnapshot(LinkStream& stream);
  ConnectionPtr Replace(const ConnectionPtr& old);
  void Leave(const ConnectionPtr& connection);
  void FinishEnded(MonotonicTime now);
  absl::Status WaitAndFinish(const ConnectionPtr& connection);
  void Dispatch(Connection& connection, CoordinatorMessage message);
  void SetConnected(bool connected);
  std::string NextEndpoint();
  AgentMessage MakeHello();
  void ReportCounts();

  const Options options_;
  const LinkDialer dialer_;
  const Clock& clock_;
  LinkMetrics metrics_;
  LinkOutbox outbox_;
  LinkListener* listener_ = nullptr;

  std::atomic<bool> connected_ = false, reload_ = false, welcomed_ = false;
  std::atomic<int64_t> heartbeat_ns_ = std::chrono::nanoseconds(std::chrono::seconds(10)).count();
  Guarded<std::string> redirect_;
  struct Live {
    std::vector<std::shared_ptr<LinkStream>> streams;
    bool cut = false;  // those that come are cancelled too
  };
  Guarded<Live> live_;
  BoundedQueue<ConnectionPtr> to_read_{kStreams};

  // The writer's.
  Backoff backoff_;
  std::vector<ConnectionPtr> leaving_;
  uint64_t epoch_ = 0;
  size_t endpoint_ = 0;
  int redirects_ = 0;

  std::mutex ended_mutex_;
  std::condition_variable_any ended_;
  bool writer_ended_ = false;
  std::jthread reader_;  // "link-reader"
  std::jthread writer_;  // "link-writer"
};

absl::Status StreamingLink::Start(LinkListener& listener) {
  if (listener_ != nullptr) return absl::FailedPreconditionError("the link was started before");
  listener_ = &listener;
  reader_ = std::jthread([this](const std::stop_token& stop) {
    NameThread("link-reader");
    RunReader(stop);
  });
  writer_ = std::jthread([this](const std::stop_token& stop) {
    NameThread("link-writer");
    RunWriter(stop);
    const std::scoped_lock lock(ended_mutex_);
    writer_ended_ = true;
    ended_.notify_all();
  });
  return absl::OkStatus();
}

void StreamingLink::Stop(const Call& drain) {
  if (!writer_.joinable()) return;
  writer_.request_stop();
  outbox_.Poke();
  {
    // The writer says its last results and closes; a coordinator that does not answer is cut off.
    std::unique_lock lock(ended_mutex_);
    if (connected_)
      ended_.wait_until(lock, drain.stop, drain.deadline, [this] { return writer_ended_; });
  }
  live_.With([](Live& live) {
    live.cut = true;
    for (const auto& stream : live.streams) stream->Cancel();
  });
  writer_.join();
  reader_.request_stop();
  to_read_.Close();
  reader_.join();
}

void StreamingLink::RunWriter(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    absl::StatusOr<ConnectionPtr> connection = Open();
    const absl::Status ended =
        connection.ok() ? Serve(*connection, stop) : std::move(connection).status();
    if (stop.stop_requested()) break;
    metrics_.Failed();
    const bool welcomed = welcomed_.exchange(false);
    const bool redirected = redirect_.With([](std::string& r) { return !r.empty(); });
    if (redirected && ++redirects_ <= kRedirects) continue;
    if (welcomed) backoff_.Reset();
    if (welcomed && !redirected) redirects_ = 0;
    const Duration wait = backoff_.Next();
    LogWarning("no stream to the coordinator",
               {{"error", ended}, {"retry_seconds", std::chrono::duration<double>(wait).count()}});
    const MonotonicTime until = std::chrono::steady_clock::now() + wait;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until)
      outbox_.Wait(until, stop);
  }
}

std::string StreamingLink::NextEndpoint() {
  std::string redirected = redirect_.With([](std::string& r) { return std::exchange(r, {}); });
  if (!redirected.empty()) return redirected;
  return options_.endpoints[endpoint_++ % options_.endpoints.size()];
}

AgentMessage StreamingLink::MakeHello() {
  epoch_ = std::max<uint64_t>(epoch_ + 1, static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now())));
  AgentMessage message;
  agent::v1::Hello& hello = *message.mutable_hello();
  hello.set_version(options_.version);
  hello.set_boot_id(options_.boot_id);
  hello.set_epoch(epoch_);
  for (const std::string& feature : options_.features) hello.add_features(feature);
  std::vector<std::string> orders = listener_->OpenOrders();
  for (std::string& id : outbox_.KeptOrders()) orders.push_back(std::move(id));
  std::sort(orders.begin(), orders.end());
  orders.erase(std::unique(orders.begin(), orders.end()), orders.end());
  if (orders.size() > kMostOpenOrders) orders.resize(kMostOpenOrders);
  for (std::string& id : orders) hello.add_open_orders(std::move(id));
  hello.mutable_now()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  return message;
}

absl::StatusOr<ConnectionPtr> StreamingLink::Open() {
  reload_ = false;  // what is dialled now has the newest key pair
  auto connection = std::make_shared<Connection>();
  connection->endpoint = NextEndpoint();
  ASSIGN_OR_RETURN(connection->stream, dialer_(connection->endpoint));
  live_.With([&](Live& live) {
    live.streams.push_back(connection->stream);
    if (live.cut) connection->stream->Cancel();
  });
  metrics_.Opened();
  if (connection->stream->Write(MakeHello())) {
    if (to_read_.Push(connection)) return connection;
    connection->stream->Cancel();
  }
  connection->ended = true;  // the reader never had it
  absl::Status why = WaitAndFinish(connection);
  return why.ok() ? absl::UnavailableError("the coordinator hung up") : why;
}

absl::Status StreamingLink::Serve(const ConnectionPtr& first, const std::stop_token& stop) {
  ConnectionPtr now = first;
  outbox_.Open();
  MonotonicTime beat = std::chrono::steady_clock::now();  // the last one
  bool intact = true;
  while (intact && !now->ended && !stop.stop_requested()) {
    if (reload_) now = Replace(now);
    intact = SendWhatIsDue(*now->stream);
    const MonotonicTime time = std::chrono::steady_clock::now();
    const Duration interval = std::chrono::nanoseconds(heartbeat_ns_);
    if (intact && time >= beat + interval) {
      AgentMessage message;
      *message.mutable_heartbeat() = outbox_.MakeHeartbeat();
      message.mutable_heartbeat()->mutable_now()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
      intact = now->stream->Write(message);
      beat = time;
    }
    FinishEnded(time);
    ReportCounts();
    if (!redirect_.With([](std::string& r) { return r.empty(); })) break;
    MonotonicTime wake = beat + interval;
    for (const ConnectionPtr& old : leaving_) wake = std::min(wake, old->leave_by);
    if (intact && !now->ended) outbox_.Wait(wake, stop);
  }
  if (stop.stop_requested()) {
    while (std::optional<AgentMessage> result = outbox_.NextResult()) {
      if (!now->stream->Write(*result)) break;
    }
    now->stream->CloseWrites();
  } else if (intact && !now->ended) {
    now->stream->Cancel();  // to go elsewhere; one that broke keeps the coordinator's word on why
  }
  outbox_.Close();
  for (const ConnectionPtr& old : std::exchange(leaving_, {})) {
    old->stream->Cancel();
    static_cast<void>(WaitAndFinish(old));
  }
  absl::Status ended = WaitAndFinish(now);
  SetConnected(false);
  return ended;
}

bool StreamingLink::SendSnapshot(LinkStream& stream) {
  outbox_.BeginSnapshot();
  for (const AgentMessage& part : outbox_.EndSnapshot(listener_->TakeSnapshot())) {
    if (!stream.Write(part)) return false;
  }
  return true;
}

bool StreamingLink::SendWhatIsDue(LinkStream& stream) {
  while (true) {
    if (outbox_.SnapshotDue() && !SendSnapshot(stream)) return false;
    const std::optional<AgentMessage> message = outbox_.Next();
    if (!message) return true;
    if (!stream.Write(*message)) return false;
  }
}

ConnectionPtr StreamingLink::Replace(const ConnectionPtr& old) {
  absl::StatusOr<ConnectionPtr> fresh = Open();
  if (!fresh.ok()) {
    // The old stream still stands; its end, at the latest, leads to the new key pair.
    LogWarning("the renewed certificate does not open a stream", {{"error", fresh.status()}});
    return old;
  }
  old->current = false;
  // Not closed from here: the coordinator ends it when it has the new one, and until then the node
  // must not look disconnected.
  old->leave_by = std::chrono::steady_clock::now() + options_.handover;
  leaving_.push_back(old);
  outbox_.Open();
  return *std::move(fresh);
}

void StreamingLink::FinishEnded(MonotonicTime now) {
  std::erase_if(leaving_, [&](const ConnectionPtr& old) {
    if (!old->ended && now < old->leave_by) return false;
    if (!old->ended) old->stream->Cancel();
    static_cast<void>(WaitAndFinish(old));
    return true;
  });
}

// The call may be finished only when the reader has left it.
absl::Status StreamingLink::WaitAndFinish(const ConnectionPtr& connection) {
  connection->ended.wait(false);
  absl::Status status = connection->stream->Finish();
  live_.With([&](Live& live) { std::erase(live.streams, connection->stream); });
  return status;
}

void StreamingLink::RunReader(const std::stop_token& stop) {
  while (std::optional<ConnectionPtr> connection = to_read_.Pop(stop)) {
    CoordinatorMessage message;
    while ((*connection)->stream->Read(message)) Dispatch(**connection, std::exchange(message, {}));
    (*connection)->ended = true;
    (*connection)->ended.notify_all();
    outbox_.Poke();
  }
}

void StreamingLink::Dispatch(Connection& connection, CoordinatorMessage message) {
  const LinkEvent event =
      DispatchMessage(std::move(message), connection.current, outbox_, *listener_);
  if (event.heartbeat) heartbeat_ns_ = event.heartbeat->count();
  if (event.welcome) {
    welcomed_ = true;
    SetConnected(true);
    outbox_.Poke();  // the writer may be waiting for a heartbeat by the old interval
  }
  if (!event.redirect.empty()) {
    redirect_.With([&](std::string& r) { r = event.redirect; });
    outbox_.Poke();
  }
}

void StreamingLink::SetConnected(bool connected) {
  if (connected_.exchange(connected) == connected) return;
  metrics_.Connected(connected);
  LogInfo(connected ? "connected to the coordinator" : "disconnected from the coordinator");
  listener_->OnConnected(connected);
}

void StreamingLink::ReportCounts() {
  const LinkOutbox::Counts counts = outbox_.counts();
  metrics_.Outbox(counts.drops, counts.results_lost, counts.snapshots);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcCoordinatorLink>> GrpcCoordinatorLink::Create(
    Options options, LinkDialer dialer, const Clock& clock, Random& random,
    prometheus::Registry& registry) {
  if (options.endpoints.empty())
    return absl::InvalidArgumentError("no coordinator endpoint is configured");
  return std::make_unique<StreamingLink>(std::move(options), std::move(dialer), clock, random,
                                         registry);
}

}  // namespace innkeeper
