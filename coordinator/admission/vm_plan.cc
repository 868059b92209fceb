#include "coordinator/admission/vm_plan.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/escaping.h"

namespace innkeeper {
namespace {

constexpr size_t kInlineCap = 2048;  // bytes, decoded: KubeVirt refuses more
constexpr size_t kListCap = 256;     // entries: KubeVirt's schema

enum class Delivery { kAuto, kCloudInit, kAgent };

Delivery DeliveryOf(const VmView& vm) {
  if (vm.delivery == "agent") return Delivery::kAgent;
  return vm.delivery == "cloudInit" ? Delivery::kCloudInit : Delivery::kAuto;
}

// Go's base64.StdEncoding: padded, line ends may stand anywhere, nothing else.
std::optional<std::string> Decode(const std::string& base64) {
  std::string flat = base64, bytes;
  flat.erase(
      std::remove_if(flat.begin(), flat.end(), [](char c) { return c == '\r' || c == '\n'; }),
      flat.end());
  const bool odd =
      std::any_of(flat.begin(), flat.end(), [](char c) { return c <= ' ' || c == '.'; });
  if (odd || flat.size() % 4 != 0 || !absl::Base64Unescape(flat, &bytes)) return std::nullopt;
  return bytes;
}

class Planner {
 public:
  Planner(const VmReview& review, Wish wish, const AdmissionRules& rules)
      : review_(review), vm_(review.vm), wish_(wish), rules_(rules) {
    if (review.old) before_ = CarriedBy(*review.old);
    created_ = !review.old;
    free_ = created_ || review.old->stopped;
    FindOriginal();
  }

  VmPlan Plan() {
    if (vm_.deleting || vm_.ill_formed || !vm_.has_metadata || !vm_.has_spec) return plan_;
    const bool asked = wish_ == Wish::kYes, by_agent = DeliveryOf(vm_) == Delivery::kAgent;
    if (asked && by_agent) plan_.left = LeftToAgent::kChosen;
    if (free_ && (wish_ == Wish::kNo || (asked && by_agent) || (created_ && !asked))) {
      return Detach();
    }
    if (before_.any()) return Attach();
    if (!asked || by_agent) return plan_;
    if (free_) return Attach();
    plan_.left = LeftToAgent::kRunning;
    return plan_;
  }

 private:
  // What the user's user-data comes from, whatever of ours stands in its place now.
  void FindOriginal() {
    const UserDataSource& now = vm_.user_data;
    const Carried carried = CarriedBy(vm_);
    const bool as_before = before_.user_data() && now.secret == before_.secrets.user_data;
    plan_.restores = as_before || carried.user_data();
    if (!plan_.restores) {
      plan_.original = now;
    } else if (now.text || now.base64) {
      plan_.original = {now.text, now.base64, std::nullopt};
    } else {
      plan_.original = as_before ? before_.original : carried.original;
    }
  }

  VmPlan Detach() {
    plan_.step = VmStep::kDetach;
    return plan_;
  }

  VmPlan Attach() {
    const LeftToAgent unfit = Unfit();
    const bool same = before_.user_data() && plan_.original == before_.original;
    const bool compose = free_ ? unfit == LeftToAgent::kNo
                               : same || (before_.user_data() && unfit == LeftToAgent::kNo);
    const LeftToAgent no_room = NoRoom();
    plan_.left = no_room != LeftToAgent::kNo ? no_room : unfit;
    const bool disk_alone = DeliveryOf(vm_) == Delivery::kCloudInit || (!free_ && before_.any());
    if (no_room != LeftToAgent::kNo || (!compose && !disk_alone)) return Detach();
    plan_.step = VmStep::kAttach;
    plan_.record.secrets = Names();
    if (compose) {
      plan_.record.original = plan_.original;
    } else {
      plan_.record.secrets.user_data.clear();
    }
    if (!review_.old) return plan_;
    plan_.disk_place = review_.old->disks.ours;
    plan_.volume_place = review_.old->volumes.ours;
    return plan_;
  }

  LeftToAgent NoRoom() const {
    if (vm_.volumes.ours) return vm_.join_secret ? LeftToAgent::kNo : LeftToAgent::kNameTaken;
    const size_t disks = vm_.disks.size + (vm_.disks.ours ? 0 : 1);
    const bool full = disks > kListCap || vm_.volumes.size >= kListCap;
    return full ? LeftToAgent::kListFull : LeftToAgent::kNo;
  }

  // kNo: the first cloud-init volume may be composed.
  LeftToAgent Unfit() {
    const UserDataSource& from = plan_.original;
    if (!vm_.cloud_init) return LeftToAgent::kNoCloudInit;
    if (int{from.text.has_value()} + from.base64.has_value() + from.secret.has_value() > 1) {
      return LeftToAgent::kTwoSources;
    }
    if (from.secret) return UnfitSecret(*from.secret);
    std::optional<std::string> bytes = from.text;
    if (from.base64) bytes = Decode(*from.base64);
    if (from.base64 && !bytes) return LeftToAgent::kBadBase64;
    if (!bytes) return LeftToAgent::kNo;
    if (bytes->size() > kInlineCap) return LeftToAgent::kTooLarge;
    plan_.form = Recognise(*bytes).form;
    return IsComposable(plan_.form) ? LeftToAgent::kNo : LeftToAgent::kForm;
  }

  LeftToAgent UnfitSecret(const std::string& name) const {
    if (name == Derived().user_data || ReviewNamesWith(name)) return LeftToAgent::kOriginalLost;
    const bool readable = !name.empty() && (rules_.readable_secrets.count("*") != 0 ||
                                            rules_.readable_secrets.count(review_.key.space) != 0);
    return readable ? LeftToAgent::kNo : LeftToAgent::kSecretUnreadable;
  }

  VmSecretNames Derived() const {
    const std::string& name = vm_.name.empty() ? review_.key.name : vm_.name;
    return name.empty() ? SecretNamesForReview(review_.uid) : SecretNamesOf(name);
  }

  // The names that a VM carries stay as long as it runs, and for ever where its name was not known
  // when they were given. A clone gets its own.
  VmSecretNames Names() const {
    const bool unnamed = vm_.name.empty() && review_.key.name.empty();
    const Carried carried = created_ ? CarriedBy(vm_) : before_;
    const std::string& known =
        carried.secrets.join.empty() ? carried.secrets.user_data : carried.secrets.join;
    const std::optional<VmSecretNames> given = ReviewNamesWith(known);
    if (given && (unnamed || !created_)) return *given;
    VmSecretNames names = Derived();
    if (free_) return names;
    if (!carried.secrets.join.empty()) names.join = carried.secrets.join;
    if (carried.user_data()) names.user_data = carried.secrets.user_data;
    return names;
  }

  const VmReview& review_;
  const VmView& vm_;
  const Wish wish_;
  const AdmissionRules& rules_;
  Carried before_;
  bool created_ = true, free_ = true;
  VmPlan plan_;
};

}  // namespace

VmPlan PlanVm(const VmReview& review, Wish wish, const AdmissionRules& rules) {
  return Planner(review, wish, rules).Plan();
}

const char* NameOf(LeftToAgent reason) {
  constexpr const char* kNames[] = {"no",
                                    "chosen",
                                    "no-cloud-init",
                                    "form",
                                    "too-large",
                                    "bad-base64",
                                    "secret-unreadable",
                                    "two-sources",
                                    "original-lost",
                                    "name-taken",
                                    "list-full",
                                    "running"};
  static_assert(std::size(kNames) == static_cast<size_t>(LeftToAgent::kRunning) + 1);
  return kNames[static_cast<size_t>(reason)];
}

}  // namespace innkeeper
