#include "tests/cli/testing/cli_run.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace innkeeper {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

int OpenOutput(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

}  // namespace

CliRun::CliRun(const std::vector<std::string>& arguments, const Environment& environment,
               Screen screen) {
  std::vector<std::string> words{INNKEEPER_CLI};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int out = OpenOutput(dir_.File("out")), err = OpenOutput(dir_.File("err"));
  int follower = -1;
  IK_CHECK(screen == Screen::kFiles ||
           openpty(&terminal_, &follower, nullptr, nullptr, nullptr) == 0);
  pid_ = fork();
  IK_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(follower >= 0 ? follower : nothing, STDIN_FILENO);
    dup2(follower >= 0 ? follower : out, STDOUT_FILENO);
    dup2(follower >= 0 ? follower : err, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(out);
  close(err);
  if (follower >= 0) close(follower);
}

CliRun::~CliRun() {
  if (!ended_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (terminal_ >= 0) close(terminal_);
}

// The terminal's buffer is small: it is emptied while the process runs, and to its end afterwards.
void CliRun::ReadTerminal() {
  if (terminal_ < 0) return;
  std::ofstream to(dir_.File("out"), std::ios::app | std::ios::binary);
  char bytes[4096];
  pollfd ready{terminal_, POLLIN, 0};
  while (poll(&ready, 1, 10) > 0) {
    const ssize_t size = read(terminal_, bytes, sizeof bytes);
    if (size <= 0) return;
    to.write(bytes, size);
  }
}

int CliRun::Code() {
  while (!ended_) {
    ReadTerminal();
    int status = 0;
    if (waitpid(pid_, &status, terminal_ >= 0 ? WNOHANG : 0) != pid_) continue;
    ended_ = true;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  ReadTerminal();
  return code_;
}

bool CliRun::Shows(const std::string& text) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < until) {
    ReadTerminal();
    if ((out() + err()).find(text) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string CliRun::out() const { return ReadFile(dir_.File("out")); }
std::string CliRun::err() const { return ReadFile(dir_.File("err")); }

}  // namespace innkeeper
