#include "coordinator/home/kube/kube_home.h"

#include <utility>

#include "base/log.h"
#include "base/version.h"
#include "coordinator/home/kube/cluster_id.h"
#include "coordinator/home/kube/event_reasons.h"
#include "coordinator/kube/http_kube_client.h"

namespace innkeeper {
namespace {

constexpr char kLease[] = "innkeeper-coordinator";

absl::StatusOr<std::unique_ptr<KubeClient>> Connect(const KubeAccess& access, const Clock& clock) {
  HttpKubeClient::Options options;
  options.user_agent = std::string("innkeeper-coordinator/") + kVersion;
  ASSIGN_OR_RETURN(std::unique_ptr<HttpKubeClient> client,
                   HttpKubeClient::Create(access, std::move(options), clock));
  return std::unique_ptr<KubeClient>(std::move(client));
}

}  // namespace

KubeHome::KubeHome(Options options, const Clock& clock, Random& random)
    : options_(std::move(options)), clock_(clock), random_(random) {}

KubeHome::~KubeHome() { Stop(); }

absl::StatusOr<std::unique_ptr<KubeHome>> KubeHome::Create(Options options, const Clock& clock,
                                                           Random& random, const Call& call) {
  std::unique_ptr<KubeHome> home(new KubeHome(std::move(options), clock, random));
  RETURN_IF_ERROR(home->Open(call));
  return home;
}

absl::Status KubeHome::Open(const Call& call) {
  ASSIGN_OR_RETURN(client_, Connect(options_.access, clock_));
  ASSIGN_OR_RETURN(lease_client_, Connect(options_.access, clock_));
  ASSIGN_OR_RETURN(cluster_, ReadClusterId(*client_, call));
  vault_ = std::make_unique<KubeVault>(*client_, options_.ns);
  nodes_ = std::make_unique<KubeNodeStore>(*vault_);
  inventory_ = std::make_unique<KubeInventory>(clock_, options_.inventory);
  ASSIGN_OR_RETURN(const std::vector<NodeRecord> known, nodes_->List(call));
  inventory_->Expect(known);
  guests_ = std::make_unique<KubeGuestStore>(
      *client_, [this](const GuestKey& key, const VmUid& uid) { return OwnerOf(key, uid); });
  operation_ = std::make_unique<KubeOperation>(*client_, options_.ns, clock_, options_.removals);
  RETURN_IF_ERROR(operation_->Load(call));
  KubeEvents::Options events;
  events.instance = options_.identity;
  events_ = std::make_unique<KubeEvents>(*client_, clock_, std::move(events));
  recorder_ = std::make_unique<KubeRecorder>(clock_, options_.events_kept,
                                             [this](const EventRecord& event) { Publish(event); });
  LeaseOptions lease = options_.lease;
  lease.ns = options_.ns;
  lease.name = kLease;
  lease.identity = options_.identity;
  elector_ = std::make_unique<LeaseElector>(*lease_client_, clock_, lease, random_,
                                            [this](bool leads) { Led(leads); });
  leadership_ = std::make_unique<KubeLeadership>(elector_->election(), options_.identity);
  vm_secrets_ = std::make_unique<VmSecrets>(
      *client_, clock_,
      [this](const VmUid& uid) -> std::optional<BootVm> {
        const std::optional<BootState> boot = inventory_->FindBoot(uid);
        return boot ? std::optional(boot->vm) : std::nullopt;
      },
      options_.facts);
  secrets_ = std::make_unique<SecretsReconciler>(
      SecretsReconciler::Parts{*client_, *vm_secrets_, *inventory_, *guests_, *recorder_,
                               *leadership_, clock_, random_},
      options_.secrets);
  if (options_.joiner_marks) {
    joiner_ = std::make_unique<JoinerReconciler>(
        JoinerReconciler::Parts{*client_, *inventory_, *guests_, *recorder_, *leadership_, clock_,
                                random_},
        options_.joiner);
  }
  return absl::OkStatus();
}

Delivery& KubeHome::DeliverBy(Delivery& agents) {
  delivery_ = std::make_unique<BootDelivery>(
      *vm_secrets_, agents, [this](const VmUid& uid) { return inventory_->DomainOf(uid); });
  return *delivery_;
}

void KubeHome::Watch(std::unique_ptr<MirrorConsumer> consumer, KubeCollection collection,
                     bool needed) {
  watched_.push_back({std::move(consumer), std::move(collection), needed});
}

absl::Status KubeHome::Start(const Call&) {
  Watch(std::make_unique<MirroredGuests>(
            *guests_, [this] { inventory_->Synced(KubeInventory::Source::kGuests); }),
        MirroredGuests::Collection());
  Watch(std::make_unique<MirroredOperation>(*operation_), operation_->Watched());
  Watch(std::make_unique<MirroredVms>(*inventory_, options_.joiner.finalizer),
        MirroredVms::Collection());
  Watch(std::make_unique<MirroredVmis>(*inventory_), MirroredVmis::Collection());
  // A cluster may have no instance types at all.
  for (const MirroredAsks::Kind& kind : MirroredAsks::Kinds()) {
    Watch(std::make_unique<MirroredAsks>(*inventory_, kind.kind), kind.collection,
          kind.kind == OptInSets::Kind::kNamespace);
  }
  for (Watched& watched : watched_) {
    Mirror::Options options;
    options.name = watched.collection.kind.plural;
    watched.mirror = std::make_unique<Mirror>(*client_, watched.collection, *watched.consumer,
                                              std::move(options), random_);
  }
  secrets_->Start();
  if (joiner_) joiner_->Start();
  elector_->Start();
  return absl::OkStatus();
}

void KubeHome::Stop() {
  if (elector_) elector_->Stop();
  if (secrets_) secrets_->Stop();
  if (joiner_) joiner_->Stop();
  watched_.clear();
}

void KubeHome::Led(bool leads) {
  if (leads) secrets_->LookAtAll();
  if (leads && joiner_) joiner_->LookAtAll();
  if (led_) led_(leads);
}

std::optional<GuestOwner> KubeHome::OwnerOf(const GuestKey& key, const VmUid& uid) const {
  const std::optional<VmRecord> vm = inventory_->Find(uid);
  if (!vm || vm->presence != VmPresence::kPresent || vm->key != key) return std::nullopt;
  return GuestOwner{vm->persistent ? "VirtualMachine" : "VirtualMachineInstance", key.name, uid};
}

void KubeHome::Publish(const EventRecord& event) {
  const std::vector<VmRecord> vms = inventory_->FindByKey(event.guest);
  if (vms.empty()) return;  // it went: nobody would find the event
  KubeEvent told;
  told.api_version = "kubevirt.io/v1";
  told.kind = vms.front().persistent ? "VirtualMachine" : "VirtualMachineInstance";
  told.ns = event.guest.space;
  told.name = event.guest.name;
  told.uid = vms.front().uid.text;
  told.warning = event.severity == Severity::kWarning;
  told.reason = TextOf(event.reason).code;
  told.message = event.message;
  events_->Record(told);
  const std::optional<JoinerEvent> joiner = JoinerEventOf(event.reason);
  if (!joiner) return;
  told.reason = joiner->reason;
  told.warning = joiner->warning;
  events_->Record(std::move(told));
}

absl::Status KubeHome::Backup(const std::string&, const Call&) {
  return absl::UnimplementedError(
      "this home keeps its state in the Kubernetes API server: back up etcd, or `kubectl get "
      "guests -A -o yaml` and the Secrets of namespace " +
      options_.ns);
}

absl::Status KubeHome::Health() {
  for (const Watched& watched : watched_) {
    const bool read = !watched.needed || watched.mirror->HasSynced();
    if (read) continue;
    absl::Status trouble = watched.mirror->Trouble();
    if (trouble.ok()) trouble = absl::UnavailableError("is being read");
    return Annotate(trouble, watched.collection.kind.plural);
  }
  return absl::OkStatus();
}

}  // namespace innkeeper
