#include "coordinator/homes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "coordinator/home/kube/cluster_id.h"
#include "coordinator/home/plain/cluster_id.h"
#include "coordinator/home/plain/plain_home.h"
#include "coordinator/kube/http_kube_client.h"

namespace innkeeper {
namespace {

absl::StatusOr<OpenedHome> OpenPlain(const CoordinatorConfig& config, const Clock& clock) {
  PlainHome::Options options;
  options.state_dir = config.state_dir;
  options.cluster_id = config.cluster_id;
  options.inventory.node_grace = config.node_grace;
  options.removals.removals = static_cast<size_t>(config.removals_allowed);
  options.removals.window = config.removals_window;
  ASSIGN_OR_RETURN(std::unique_ptr<PlainHome> home, PlainHome::Create(options, clock));
  return OpenedHome{std::move(home)};
}

absl::StatusOr<KubeAccess> AccessOf(const CoordinatorConfig::Kubernetes& config) {
  if (!config.kubeconfig.empty()) return ReadKubeconfig(config.kubeconfig, config.context);
  absl::StatusOr<KubeAccess> access = InClusterAccess(PodPlace::OfThisProcess());
  if (access.ok()) return access;
  return Annotate(access.status(), "kubernetes.kubeconfig is not set");
}

// Of this process alone: a restarted one is another, though its pod has the same name.
std::string IdentityOf(Random& random) {
  std::string identity = HostName() + '_';
  for (int i = 0; i < 8; ++i) identity += "0123456789abcdef"[random.Below(16)];
  return identity;
}

absl::StatusOr<OpenedHome> OpenKube(const CoordinatorConfig& config,
                                    std::function<BootFacts()> facts, const Clock& clock,
                                    Random& random, const Call& call) {
  const CoordinatorConfig::Kubernetes& kubernetes = config.kubernetes;
  if (!config.cluster_id.empty())
    return absl::InvalidArgumentError(
        "cluster_id cannot be chosen with home: kubernetes: it is the uid of namespace "
        "kube-system");
  if (kubernetes.retry >= kubernetes.renew_deadline ||
      kubernetes.renew_deadline >= kubernetes.lease_time)
    return absl::InvalidArgumentError(
        "kubernetes.retry must be less than kubernetes.renew_deadline, and that less than "
        "kubernetes.lease_time");
  KubeHome::Options options;
  ASSIGN_OR_RETURN(options.access, AccessOf(kubernetes));
  options.ns = kubernetes.ns.empty() ? options.access.ns : kubernetes.ns;
  if (options.ns.empty())
    return absl::InvalidArgumentError(
        "kubernetes.namespace is not set, and the context names none");
  options.identity = IdentityOf(random);
  options.lease.lease_time = kubernetes.lease_time;
  options.lease.renew_deadline = kubernetes.renew_deadline;
  options.lease.retry = kubernetes.retry;
  options.inventory.node_grace = config.node_grace;
  options.removals.removals = static_cast<size_t>(config.removals_allowed);
  options.removals.window = config.removals_window;
  options.secrets.pending_after = kubernetes.pending_after;
  options.joiner_marks = config.virt_ipa_joiner.marks;
  options.joiner.finalizer = config.virt_ipa_joiner.finalizer;
  options.facts = std::move(facts);
  ASSIGN_OR_RETURN(std::unique_ptr<KubeHome> home,
                   KubeHome::Create(std::move(options), clock, random, call));
  KubeHome* const kube = home.get();
  return OpenedHome{std::move(home), kube};
}

}  // namespace

std::string HostName() {
  char name[256] = "localhost";
  gethostname(name, sizeof name - 1);
  return name;
}

absl::Status MakeStateFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return ErrnoStatus(errno, "make state_dir '" + path + "'");
}

absl::StatusOr<ClusterId> ClusterOf(const CoordinatorConfig& config, const Clock& clock,
                                    const Call& call) {
  if (config.home != "kubernetes") return ClusterIdOf(config.state_dir, config.cluster_id);
  ASSIGN_OR_RETURN(const KubeAccess access, AccessOf(config.kubernetes));
  ASSIGN_OR_RETURN(const auto client, HttpKubeClient::Create(access, {}, clock));
  return ReadClusterId(*client, call);
}

absl::StatusOr<OpenedHome> OpenHome(const CoordinatorConfig& config,
                                    std::function<BootFacts()> facts, const Clock& clock,
                                    Random& random, const Call& call) {
  if (config.home == "kubernetes") return OpenKube(config, std::move(facts), clock, random, call);
  return OpenPlain(config, clock);
}

}  // namespace innkeeper
