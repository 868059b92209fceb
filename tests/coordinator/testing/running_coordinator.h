#pragma once
// The coordinator as it is shipped, as a process of its own on loopback, with a FreeIPA that is not
// there. What it writes into its log is read, not its memory.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/http_server/testing/raw_client.h"
#include "base/testing/temp_dir.h"

namespace innkeeper {

inline std::string WholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class RunningCoordinator {
 public:
  // `before`: a program and its arguments that the coordinator is run by, e.g. unshare.
  explicit RunningCoordinator(std::string state_dir, std::vector<std::string> before = {})
      : state_dir_(std::move(state_dir)), before_(std::move(before)) {
    dir_.Write("password", "not-used\n");
    dir_.Write("ca.crt", "not read as a certificate before a connection\n");
  }
  ~RunningCoordinator() {
    if (pid_ > 0) Stop(SIGKILL);
  }
  RunningCoordinator(const RunningCoordinator&) = delete;
  RunningCoordinator& operator=(const RunningCoordinator&) = delete;

  // Settings beyond the usual ones, for the next Start.
  void Set(const std::string& key, const std::string& value) { more_.push_back(key + "=" + value); }

  // True when it listens. False when it ended before: see Stop and Said.
  bool Start() {
    Launch();
    return Eventually([this] { return FindEndpoints() || Ended(); }) && endpoints_.has_value();
  }
  // Its exit code, or -1 for one that a signal ended.
  int Stop(int signal = SIGTERM) {
    kill(pid_, signal);
    return Wait();
  }
  int Wait() {
    if (!ended_) {
      int status = 0;
      waitpid(pid_, &status, 0);
      ended_ = status;
    }
    pid_ = 0;
    endpoints_.reset();
    return WIFEXITED(*ended_) ? WEXITSTATUS(*ended_) : -1;
  }

  pid_t pid() const { return pid_; }
  const std::string& state_dir() const { return state_dir_; }
  const TempDir& dir() const { return dir_; }
  std::string socket() const { return "unix:" + dir_.File("coordinator.sock"); }
  // "agents", "api" or "metrics": address:port.
  std::string Endpoint(const std::string& listener) const { return endpoints_->at(listener); }
  std::string Said() const { return WholeFile(dir_.File("log")); }
  std::string Audited() const { return WholeFile(state_dir_ + "/audit.log"); }
  // Body of a plain GET at the metrics port, head included.
  std::string Get(const std::string& path) const {
    RawClient client(Endpoint("metrics"));
    client.Say("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.HearAll();
  }
  // A counter or gauge of /metrics by its whole series; 0 when it is not there.
  double Metric(const std::string& series) const {
    const std::string text = Get("/metrics");
    const size_t place = text.find("\n" + series + " ");
    return place == std::string::npos ? 0 : std::stod(text.substr(place + series.size() + 2));
  }

  // Until `true_now` or half a minute.
  template <class Condition>
  static bool Eventually(Condition true_now) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!true_now()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }

 private:
  std::vector<std::string> Arguments() const {
    std::vector<std::string> arguments = before_;
    arguments.emplace_back(INNKEEPER_COORDINATOR_PROGRAM);
    const auto set = [&arguments](const std::string& pair) {
      arguments.emplace_back("--set");
      arguments.push_back(pair);
    };
    set("state_dir=" + state_dir_);
    set("listen.agents=127.0.0.1:0");
    set("listen.api=127.0.0.1:0");
    set("listen.metrics=127.0.0.1:0");
    set("listen.socket=" + socket());
    set("listen.names=127.0.0.1");
    set("ipa.domain=example.test");
    set("ipa.servers=ipa.example.test");
    set("ipa.resolve=ipa.example.test:443:127.0.0.1");  // where nothing listens
    set("ipa.dns_server=127.0.0.1:9");
    set("ipa.ca_file=" + dir_.File("ca.crt"));
    set("ipa.user=innkeeper");
    set("ipa.password_file=" + dir_.File("password"));
    for (const std::string& pair : more_) set(pair);
    return arguments;
  }

  void Launch() {
    ended_.reset();
    std::vector<std::string> arguments = Arguments();
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, dir_.File("log").c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    IK_CHECK(posix_spawnp(&pid_, argv[0], &files, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&files);
  }

  bool Ended() {
    int status = 0;
    if (!ended_ && waitpid(pid_, &status, WNOHANG) == pid_) ended_ = status;
    return ended_.has_value();
  }

  bool FindEndpoints() {
    std::ifstream log(dir_.File("log"));
    for (std::string line; std::getline(log, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (json.is_object() && json.value("msg", "") == "listening") {
        endpoints_.emplace();
        for (const char* name : {"agents", "api", "metrics"})
          (*endpoints_)[name] = json.value(name, "");
      }
    }
    return endpoints_.has_value();
  }

  const TempDir dir_;  // its log, socket and files; not its state
  const std::string state_dir_;
  const std::vector<std::string> before_;
  std::vector<std::string> more_;
  pid_t pid_ = 0;
  std::optional<int> ended_;
  std::optional<std::map<std::string, std::string>> endpoints_;
};

}  // namespace innkeeper
