#include "vm/testing/real_libvirt.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "vm/testing/real_env.h"

namespace innkeeper {
namespace {

namespace fs = std::filesystem;

}  // namespace

RealLibvirt::RealLibvirt() : host_("t" + std::to_string(getpid())) {
  RunEnv({"libvirt", "up", host_});
  uri_ = RunEnv({"libvirt", "uri", host_});
}

RealLibvirt::~RealLibvirt() { RunEnv({"libvirt", "down", host_}); }

void RealLibvirt::Kill() { RunEnv({"libvirt", "kill", host_}); }
void RealLibvirt::Start() { RunEnv({"libvirt", "restart", host_}); }
void RealLibvirt::Pause() { RunEnv({"libvirt", "pause", host_}); }
void RealLibvirt::Resume() { RunEnv({"libvirt", "resume", host_}); }

std::string RealLibvirt::TinyGuest(const std::string& name,
                                   const std::vector<std::string>& options) const {
  std::vector<std::string> words = {"tiny", "xml", name, "--host", host_};
  words.insert(words.end(), options.begin(), options.end());
  return RunEnv(words);
}

pid_t RealLibvirt::Emulator(const std::string& name) const {
  const std::string word = "guest=" + name + ",";
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    if (line.find(word) != std::string::npos && line.find("qemu-system") < line.find('\0')) {
      return pid;
    }
  }
  return 0;
}

}  // namespace innkeeper
