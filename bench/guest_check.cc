// P18: what one check of a guest (a ping and a small file) costs the host, against the same
// guest-agent calls made back to back without us. CPU time of this process and the libvirt daemon;
// the guest itself is emulated and left out.

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>

#include <cstdlib>

#include "base/random.h"
#include "bench/bench_libvirt.h"
#include "bench/bench_main.h"
#include "bench/process.h"
#include "vm/guest_agent/qga_client.h"
#include "vm/guest_agent/qga_messages.h"
#include "vm/libvirt/handles.h"
#include "vm/libvirt/libvirt_hypervisor.h"
#include "vm/testing/libvirt_control.h"
#include "vm/testing/real_env.h"

namespace innkeeper {
namespace {

constexpr char kFile[] = "/tmp/checked";
constexpr size_t kMost = 64 * 1024;

Call Patiently() { return Call::Within(std::chrono::minutes(2)); }

// The calls of a check, bare: a file is read twice, as a torn one must not pass.
class BareCheck {
 public:
  BareCheck(const std::string& uri, const DomainId& id)
      : connection_(virConnectOpen(uri.c_str())),
        domain_(virDomainLookupByUUIDString(connection_.get(), id.uuid.c_str())) {}

  absl::Status Run() {
    RETURN_IF_ERROR(Ask(PlainRequest("guest-ping")).status());
    ASSIGN_OR_RETURN(const std::string opened, Ask(FileOpenRequest(kFile)));
    const int64_t handle = std::atoll(opened.c_str() + opened.find(':') + 1);
    RETURN_IF_ERROR(Ask(FileReadRequest(handle, kMost)).status());
    RETURN_IF_ERROR(Ask(FileRewindRequest(handle)).status());
    RETURN_IF_ERROR(Ask(FileReadRequest(handle, kMost)).status());
    return Ask(FileCloseRequest(handle)).status();
  }

 private:
  absl::StatusOr<std::string> Ask(const std::string& request) {
    const CString reply(virDomainQemuAgentCommand(domain_.get(), request.c_str(), 5, 0));
    if (!reply) return absl::UnavailableError("the guest's agent does not answer");
    return std::string(reply.get());
  }

  const ConnectHandle connection_;
  const DomainHandle domain_;
};

// A tiny guest with a file of so many bytes.
class CheckedGuest {
 public:
  CheckedGuest(const BenchLibvirt& host, Hypervisor& hypervisor)
      : control_(host.uri()),
        id_(control_.Define(RunEnv({"tiny", "xml", host.host() + "-guest"}))),
        agent_(hypervisor) {}

  absl::Status Boot(Hypervisor& hypervisor, int64_t bytes) {
    control_.Start(id_);
    const Call call = Patiently();
    while (!hypervisor.connected() || !agent_.Ping(id_, call.AtMost(std::chrono::seconds(6))).ok())
      RETURN_IF_ERROR(call.Check("wait for the guest's agent"));
    GuestCommand command;
    command.path = "/bin/sh";
    command.arguments = {"-c", "head -c " + std::to_string(bytes) + " /dev/urandom > " + kFile};
    ASSIGN_OR_RETURN(const int64_t pid, agent_.Start(id_, command, call));
    return agent_.Await(id_, pid, nullptr, call).status();
  }
  absl::Status Check() {
    RETURN_IF_ERROR(agent_.Ping(id_, Patiently()));
    return agent_.ReadFile(id_, kFile, kMost, Patiently()).status();
  }
  const DomainId& id() const { return id_; }

 private:
  LibvirtControl control_;
  const DomainId id_;
  QgaClient agent_;
};

struct Cost {
  double host = 0, process = 0, wall = 0;  // milliseconds of one check
};

absl::StatusOr<Cost> Measure(pid_t daemon, int64_t checks,
                             const std::function<absl::Status()>& check) {
  RETURN_IF_ERROR(check());
  const auto began = std::chrono::steady_clock::now();
  const Duration own = ProcessCpu(), other = ProcessCpu(daemon);
  for (int64_t i = 0; i < checks; ++i) RETURN_IF_ERROR(check());
  const auto each = [&](Duration all) { return Milliseconds(all) / static_cast<double>(checks); };
  const Duration own_used = ProcessCpu() - own, other_used = ProcessCpu(daemon) - other;
  return Cost{each(own_used + other_used), each(own_used),
              each(std::chrono::steady_clock::now() - began)};
}

absl::Status MeasureChecks(const BenchOptions& options, Report& report) {
  LibvirtEventLoop loop;
  RETURN_IF_ERROR(loop.Start());
  SystemRandom random;
  const BenchLibvirt host("check");
  const auto hypervisor = LibvirtHypervisor::Create({.uri = host.uri()}, loop, random);
  RETURN_IF_ERROR(hypervisor->Start());
  CheckedGuest guest(host, *hypervisor);
  RETURN_IF_ERROR(guest.Boot(*hypervisor, options.numbers.at("bytes")));
  BareCheck bare(host.uri(), guest.id());
  Rounds cost, process, wall;
  for (int i = 0; i < options.rounds; ++i) {
    const int64_t checks = options.numbers.at("checks");
    ASSIGN_OR_RETURN(const Cost ours,
                     Measure(host.daemon(), checks, [&] { return guest.Check(); }));
    ASSIGN_OR_RETURN(const Cost peer, Measure(host.daemon(), checks, [&] { return bare.Run(); }));
    cost.ours.push_back(ours.host);
    cost.peer.push_back(peer.host);
    process.ours.push_back(ours.process);
    process.peer.push_back(peer.process);
    wall.ours.push_back(ours.wall);
    wall.peer.push_back(peer.wall);
  }
  report.Add({"P18", "CPU of the host per guest check", Short(Median(cost.ours)) + " ms",
              Short(Median(cost.peer)) + " ms", cost.Ratio(), Bound::kAtMost, 1.2});
  report.Note("of that this process alone: " + Short(Median(process.ours)) + " ms against " +
              Short(Median(process.peer)) + " ms");
  report.Note("time until the answer: " + Short(Median(wall.ours)) + " ms against " +
              Short(Median(wall.peer)) + " ms");
  hypervisor->Stop();
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_guest_check",
       .about = "P18: the host's cost of one check of a guest with a genuine agent.\n",
       .numbers = {{"checks", 40, "Checks in each round"},
                   {"bytes", 32768, "Size of the file that is read, at most 65536"}},
       .rounds = 7},
      innkeeper::MeasureChecks);
}
