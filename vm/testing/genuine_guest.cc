#include "vm/testing/genuine_guest.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <thread>

#include "base/log.h"
#include "vm/testing/agent_socket.h"

namespace innkeeper {
namespace {

namespace fs = std::filesystem;

constexpr char kFirstProcess[] = R"sh(
set -eu
folder=$1 name=$2 blocked=$3 frozen=$4
command -v qemu-ga >/dev/null
mount --make-rprivate /
mount -t proc proc /proc
mkdir "$folder/root" "$folder/state"
mount -t tmpfs private "$folder/root"
exec 3<"$folder"
for part in etc var run root; do
  mkdir "$folder/root/$part.upper" "$folder/root/$part.work"
done
cd "$folder/root"
for part in etc var run root; do
  mount -t overlay guest -o "lowerdir=/$part,upperdir=$part.upper,workdir=$part.work" "/$part"
done
# The folder may lie below one of them.
mkdir -p "$folder"
mount --bind /proc/self/fd/3 "$folder"
cd /
exec 3<&-
hostname "$name"
printf '%s\n' "$name" >/etc/hostname
[ "$frozen" = no ] || : >"$folder/state/qga.state.isfrozen"
while :; do
  rm -f "$folder/agent.sock"
  setsid qemu-ga -m unix-listen -p "$folder/agent.sock" -t "$folder/state" -b "$blocked" \
    </dev/null >>"$folder/agent.log" 2>&1 || :
  rm -f "$folder/state/qga.state.isfrozen"
  sleep 0.02
done
)sh";

// What reaches this machine's kernel rather than the guest.
constexpr char kDangerous[] =
    "guest-set-time,guest-shutdown,guest-suspend-disk,guest-suspend-ram,guest-suspend-hybrid,"
    "guest-fstrim,guest-set-vcpus,guest-set-memory-blocks,guest-set-user-password,"
    "guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-fsfreeze-thaw";

constexpr Duration kLook = std::chrono::milliseconds(10);

// What can be read of it: a file of a process that ends meanwhile fails in the middle.
std::string Slurp(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  const std::string task = std::to_string(pid);
  std::ifstream list("/proc/" + task + "/task/" + task + "/children");
  return {std::istream_iterator<pid_t>(list), {}};
}

std::string NameOf(pid_t pid) {
  std::string name = Slurp("/proc/" + std::to_string(pid) + "/comm");
  if (!name.empty()) name.pop_back();
  return name;
}

[[noreturn]] void Exec(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

GenuineGuest::GenuineGuest(Options options)
    : options_(std::move(options)), socket_(folder_.File("agent.sock")) {}

absl::StatusOr<std::unique_ptr<GenuineGuest>> GenuineGuest::Start(Options options,
                                                                  const Call& call) {
  if (geteuid() != 0) return absl::FailedPreconditionError("genuine guests need root");
  auto guest = std::unique_ptr<GenuineGuest>(new GenuineGuest(std::move(options)));
  RETURN_IF_ERROR(guest->Launch(call));
  return guest;
}

absl::Status GenuineGuest::Launch(const Call& call) {
  std::string blocked = kDangerous;
  for (const std::string& command : options_.blocked) blocked += "," + command;
  const std::vector<std::string> words = {"unshare",      "--mount",
                                          "--uts",        "--pid",
                                          "--fork",       "--kill-child=KILL",
                                          "/bin/sh",      "-c",
                                          kFirstProcess,  "guest",
                                          folder_.path(), options_.host_name,
                                          blocked,        options_.frozen ? "yes" : "no"};
  const pid_t parent = getpid();
  unshare_ = fork();
  if (unshare_ < 0) return ErrnoStatus(errno, "fork");
  if (unshare_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    setsid();
    const int log = open(folder_.File("guest.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    Exec(words);
  }
  return AwaitAgent(0, call);
}

GenuineGuest::~GenuineGuest() {
  if (init_ > 0) kill(init_, SIGKILL);  // the kernel kills the rest of its pid namespace
  if (unshare_ > 0) {
    kill(unshare_, SIGKILL);
    waitpid(unshare_, nullptr, 0);
  }
}

absl::Status GenuineGuest::AwaitAgent(pid_t other_than, const Call& call) {
  while (call.Remaining() > Duration::zero()) {
    if (waitpid(unshare_, nullptr, WNOHANG) == unshare_) {
      unshare_ = 0;
      return absl::FailedPreconditionError("a genuine guest did not start: " +
                                           Slurp(folder_.File("guest.log")));
    }
    const std::vector<pid_t> children = ChildrenOf(unshare_);
    if (!children.empty()) init_ = children.front();
    const pid_t agent = Agent();
    if (agent != 0 && agent != other_than &&
        AskAgentSocket(socket_, R"({"execute":"guest-ping"})", 1,
                       call.AtMost(std::chrono::seconds(1)))
            .ok()) {
      return absl::OkStatus();
    }
    std::this_thread::sleep_for(kLook);
  }
  return absl::DeadlineExceededError("a genuine guest's agent does not answer: " +
                                     Slurp(folder_.File("agent.log")));
}

std::vector<pid_t> GenuineGuest::Processes() const {
  std::vector<pid_t> all;
  const std::string ours = fs::read_symlink("/proc/" + std::to_string(init_) + "/ns/pid").string();
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == init_) continue;
    if (fs::read_symlink(entry.path() / "ns/pid", gone).string() == ours && !gone) {
      all.push_back(pid);
    }
  }
  return all;
}

pid_t GenuineGuest::Agent() const {
  for (const pid_t child : init_ > 0 ? ChildrenOf(init_) : std::vector<pid_t>()) {
    if (NameOf(child) == "qemu-ga") return child;
  }
  return 0;
}

std::string GenuineGuest::Path(const std::string& file) const {
  return "/proc/" + std::to_string(init_) + "/root" + file;
}

void GenuineGuest::WriteFile(const std::string& file, const std::string& content) const {
  fs::create_directories(fs::path(Path(file)).parent_path());
  std::ofstream(Path(file), std::ios::binary) << content;
}

std::string GenuineGuest::ReadFile(const std::string& file) const { return Slurp(Path(file)); }

void GenuineGuest::Freeze() const {
  const pid_t agent = Agent();
  IK_CHECK(agent != 0);
  kill(agent, SIGSTOP);
}

void GenuineGuest::Thaw() const {
  const pid_t agent = Agent();
  IK_CHECK(agent != 0);
  kill(agent, SIGCONT);
}

absl::Status GenuineGuest::RestartAgent(const Call& call) {
  const pid_t agent = Agent();
  if (agent != 0) kill(agent, SIGKILL);  // a frozen agent ignores SIGTERM
  return AwaitAgent(agent, call);
}

absl::Status GenuineGuest::Reboot(const Call& call) {
  const pid_t agent = Agent();
  for (const pid_t pid : Processes()) kill(pid, SIGKILL);
  return AwaitAgent(agent, call);
}

}  // namespace innkeeper
