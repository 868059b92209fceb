#pragma once
// The agent as it is shipped, as a process of its own, with libvirt's test driver as its
// hypervisor.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/log.h"
#include "base/testing/temp_dir.h"
#include "tests/coordinator/testing/running_coordinator.h"

namespace innkeeper {

class RunningAgent {
 public:
  // `before`: as for RunningCoordinator.
  explicit RunningAgent(std::vector<std::string> before = {}) : before_(std::move(before)) {}
  ~RunningAgent() { Kill(); }
  RunningAgent(const RunningAgent&) = delete;
  RunningAgent& operator=(const RunningAgent&) = delete;

  // With a join token; true when it has its certificate.
  bool Join(const std::string& url, const std::string& node, const std::string& token) {
    const std::string file = dir_.Write("token", token);
    return Wait(Spawn({"join", url, "--node", node}, file)) == 0;
  }
  // `endpoint`: the coordinator's port for agents.
  void Start(const std::string& endpoint) {
    pid_ = Spawn({"--set", "coordinator.endpoint=" + endpoint, "run"}, "/dev/null");
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    Wait(pid_);
    pid_ = 0;
  }
  std::string Said() const { return WholeFile(dir_.File("log")); }

 private:
  static int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  pid_t Spawn(const std::vector<std::string>& words, const std::string& input) {
    std::vector<std::string> arguments = before_;
    arguments.emplace_back(INNKEEPER_AGENT_PROGRAM);
    for (const std::string& pair :
         {"state_dir=" + dir_.File("state"), std::string("libvirt.uris=test:///default"),
          std::string("http.listen="), std::string("units.enabled=false"),
          std::string("coordinator.reconnect_first=50ms"),
          std::string("coordinator.reconnect_most=500ms")}) {
      arguments.emplace_back("--set");
      arguments.push_back(pair);
    }
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, dir_.File("log").c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    pid_t pid = 0;
    IK_CHECK(posix_spawnp(&pid, argv[0], &files, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&files);
    return pid;
  }

  const TempDir dir_;
  const std::vector<std::string> before_;
  pid_t pid_ = 0;
};

}  // namespace innkeeper
