#include "bench/bench_libvirt.h"

#include <libvirt/libvirt.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "vm/libvirt/handles.h"
#include "vm/testing/real_env.h"

namespace innkeeper {
namespace {

std::string PaperDomain(int number) {
  std::array<char, 18> mac{};
  std::snprintf(mac.data(), mac.size(), "52:54:00:be:%02x:%02x", number / 256 % 256, number % 256);
  const std::string name = "paper-" + std::to_string(number);
  return "<domain type='qemu'><name>" + name +
         "</name><metadata><guest xmlns='https://innkeeper.dev/domain/1' enroll='yes' fqdn='" +
         name +
         ".lab.example.com'/></metadata><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
         "<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>"
         "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
         "<interface type='user'><mac address='" +
         mac.data() +
         "'/><model type='virtio'/></interface><channel type='unix'><target type='virtio' "
         "name='org.qemu.guest_agent.0'/></channel></devices></domain>";
}

std::string SocketOf(const std::string& uri) { return uri.substr(uri.find("socket=") + 7); }

}  // namespace

BenchLibvirt::BenchLibvirt(const std::string& name) : host_("b" + std::to_string(getpid()) + name) {
  RunEnv({"libvirt", "up", host_});
  uri_ = RunEnv({"libvirt", "uri", host_});
}

BenchLibvirt::~BenchLibvirt() { RunEnv({"libvirt", "down", host_}); }

std::string BenchLibvirt::DriverUri(const std::string& driver) const {
  const size_t colon = driver.find(':');
  return driver.substr(0, colon) + "+unix" + driver.substr(colon) + "?socket=" + SocketOf(uri_);
}

absl::Status BenchLibvirt::Define(int domains) const {
  const ConnectHandle connection(virConnectOpen(uri_.c_str()));
  if (!connection) return absl::UnavailableError("no libvirt at " + uri_);
  for (int i = 0; i < domains; ++i) {
    const DomainHandle domain(virDomainDefineXML(connection.get(), PaperDomain(i).c_str()));
    if (!domain) return absl::InternalError("libvirt refuses a domain");
  }
  return absl::OkStatus();
}

pid_t BenchLibvirt::daemon() const {
  const std::string socket = SocketOf(uri_);
  std::ifstream file(socket.substr(0, socket.rfind('/')) + "/libvirtd.pid");
  pid_t pid = 0;
  file >> pid;
  return pid;
}

}  // namespace innkeeper
