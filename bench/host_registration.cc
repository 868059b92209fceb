// P19: hosts registered per minute at a real FreeIPA behind a network of 20 ms, by as many callers
// as the coordinator has workers, against one call at a time; and logins per 1,000 hosts.
//
// Registering is what the reconciler does: look whether the host is there, then add it. With a
// one-time password the directory hashes it (PBKDF2), which no client can batch away.

#include <prometheus/registry.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/random.h"
#include "bench/bench_main.h"
#include "bench/delay_proxy.h"
#include "coordinator/ipa/ipa_messages.h"
#include "coordinator/ipa/testing/real_ipa.h"

namespace innkeeper {
namespace {

constexpr int kHttpsPort = 443;
constexpr size_t kDeletedAtOnce = 50;

// One FreeIPA client, and what it counted.
class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Make(const RealIpaPlace& place,
                                                      const std::string& address) {
    auto client = std::make_unique<Client>();
    IpaOptions options = place.AsAdmin();
    options.resolve = {place.server + ":443:" + address};
    ASSIGN_OR_RETURN(client->ipa_, MakeIpaClient(std::move(options), client->clock_,
                                                 client->random_, client->registry_));
    return client;
  }
  IpaClient& ipa() { return *ipa_; }
  // Sum of a metric over all its label sets; of a histogram the number of observations.
  double Count(const std::string& name) const {
    double sum = 0;
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric)
        sum += metric.counter.value + static_cast<double>(metric.histogram.sample_count);
    }
    return sum;
  }
  // Commands per request so far.
  double BatchSize() const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name == "innkeeper_ipa_batch_size" && !family.metric.empty())
        return family.metric.front().histogram.sample_sum /
               static_cast<double>(family.metric.front().histogram.sample_count);
    }
    return 0;
  }

 private:
  RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  std::unique_ptr<IpaClient> ipa_;
};

// The hosts of this run; deletes them at its end, straight at the server.
class Registry {
 public:
  Registry(RealIpaAdmin& admin, std::string domain)
      : admin_(admin), domain_(std::move(domain)), mark_(RandomHex(4)) {}
  ~Registry() {
    for (size_t at = 0; at < made_.size(); at += kDeletedAtOnce) {
      const auto end =
          made_.begin() + static_cast<long>(std::min(at + kDeletedAtOnce, made_.size()));
      const std::vector<std::string> names(made_.begin() + static_cast<long>(at), end);
      const absl::Status gone = admin_.Run("host_del", {names}, {{"continue", true}});
      if (!gone.ok()) std::fprintf(stderr, "hosts stay behind: %s\n", ToText(gone).c_str());
    }
  }

  // Hosts per minute.
  absl::StatusOr<double> Register(IpaClient& ipa, int64_t hosts, int64_t callers,
                                  PasswordWish password) {
    std::atomic<int64_t> left = hosts;
    absl::Status failed;
    const auto began = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> threads;
      for (int64_t i = 0; i < callers; ++i)
        threads.emplace_back([&] {
          while (left-- > 0) {
            const absl::Status done = RegisterOne(ipa, NewName(), password);
            const std::scoped_lock lock(mutex_);
            if (!done.ok()) failed = done;
          }
        });
    }
    RETURN_IF_ERROR(failed);
    const std::chrono::duration<double, std::ratio<60>> took =
        std::chrono::steady_clock::now() - began;
    return static_cast<double>(hosts) / took.count();
  }

 private:
  std::string NewName() {
    const std::scoped_lock lock(mutex_);
    made_.push_back("bench-" + mark_ + "-" + std::to_string(made_.size()) + "." + domain_);
    return made_.back();
  }
  absl::Status RegisterOne(IpaClient& ipa, const std::string& name, PasswordWish password) {
    const Call call = Call::Within(std::chrono::minutes(2));
    NewHost host;
    host.fqdn = Fqdn{name};
    host.owner = OwnerTag{ClusterId{"bench-" + mark_}, {"bench", name}, VmUid{name}, std::nullopt};
    host.description = "bench";
    host.password = password;
    const absl::Status shown = ipa.ShowHost(host.fqdn, call).status();
    if (!absl::IsNotFound(shown)) return shown.ok() ? absl::InternalError("not ours") : shown;
    return ipa.AddHost(host, call).status();
  }

  RealIpaAdmin& admin_;
  const std::string domain_, mark_;
  std::mutex mutex_;
  std::vector<std::string> made_;
};

struct Setting {
  std::string name;
  PasswordWish password;
  double goal;
};

absl::Status MeasureOne(const BenchOptions& options, const Setting& setting, Registry& registry,
                        Client& many, Client& single, Report& report) {
  const auto number = [&](const char* name) { return options.numbers.at(name); };
  Rounds rounds;
  RETURN_IF_ERROR(InTurns(
      options.rounds, rounds,
      [&] {
        return registry.Register(many.ipa(), number("hosts"), number("callers"), setting.password);
      },
      [&] { return registry.Register(single.ipa(), number("singles"), 1, setting.password); }));
  report.Add({"P19", "hosts per minute, " + setting.name, Short(Median(rounds.ours)),
              Short(Median(rounds.peer)), rounds.Ratio(), Bound::kAtLeast, setting.goal});
  return absl::OkStatus();
}

absl::Status Measure(const BenchOptions& options, Report& report) {
  ASSIGN_OR_RETURN(const auto admin, RealIpaAdmin::Connect());
  const auto one_way = std::chrono::milliseconds(options.numbers.at("latency")) / 2;
  ASSIGN_OR_RETURN(const auto far, DelayProxy::Start(admin->place().address, kHttpsPort, one_way));
  ASSIGN_OR_RETURN(const auto many, Client::Make(admin->place(), far->address()));
  ASSIGN_OR_RETURN(const auto single, Client::Make(admin->place(), far->address()));
  Registry registry(*admin, admin->place().domain);
  for (const Setting& setting : {Setting{"without a password", PasswordWish::kNone, 5},
                                 Setting{"with a one-time password", PasswordWish::kRandom, 5}})
    RETURN_IF_ERROR(MeasureOne(options, setting, registry, *many, *single, report));
  const int64_t hosts = 2 * options.rounds * options.numbers.at("hosts");
  const double logins = many->Count("innkeeper_ipa_logins_total");
  report.Add({"P19", "logins per 1,000 hosts begun", Short(logins) + " in all", "",
              logins / static_cast<double>((hosts + 999) / 1000), Bound::kAtMost, 2, ""});
  report.Note("commands per request: " + Short(many->BatchSize()));
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_host_registration",
       .about = "P19: hosts registered per minute at a real FreeIPA. Needs the environment of\n"
                "`tests/env/env freeipa env`; removes the hosts it made.\n",
       .numbers = {{"hosts", 192, "Hosts of each round of ours"},
                   {"singles", 16, "Hosts of each round of one call at a time"},
                   {"callers", 64, "Callers at once: the coordinator's workers"},
                   {"latency", 20, "Round trip of the network, in milliseconds"}}},
      innkeeper::Measure);
}
