#include "cli/wait.h"

#include <google/protobuf/util/json_util.h>

#include <array>
#include <cstdio>
#include <string_view>
#include <thread>
#include <utility>

#include "base/config.h"
#include "base/text.h"
#include "cli/guest_view.h"
#include "cli/output.h"

namespace innkeeper {
namespace {

// Before a broken stream is opened again: a coordinator that restarts is back in about a second.
constexpr auto kReopenPause = std::chrono::seconds(1);
// A state that no waiting changes must have lasted this long: what is shown at first may be what
// was true before the request.
constexpr auto kSettle = std::chrono::seconds(3);

// Reasons that stay until a person does something.
constexpr std::array<std::string_view, 13> kHopeless{
    "Conflict",          "NameRefused", "NameTaken",     "PolicyRefused",  "QuotaExceeded",
    "GroupMissing",      "ExecBlocked", "UnsupportedOs", "PackageMissing", "IpaDenied",
    "PlacementDisputed", "RemovalHeld", "Paused"};

bool IsHopeless(const std::string& reason) {
  for (const std::string_view one : kHopeless) {
    if (one == reason) return true;
  }
  return false;
}

// One line that is rewritten on a terminal, and printed only when it changed elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what) : what_(std::move(what)) {}
  ~ProgressLine() {
    if (shown_ && StderrIsTerminal()) std::fprintf(stderr, "\n");
  }
  void Show(const std::string& state) {
    const std::string elapsed = ShortDuration(absl::Now() - started_);
    if (StderrIsTerminal()) {
      std::fprintf(stderr, "\r\x1b[Kwaiting for %s: %s (%s)", what_.c_str(), state.c_str(),
                   elapsed.c_str());
    } else if (state != last_) {
      std::fprintf(stderr, "waiting for %s: %s (%s)\n", what_.c_str(), state.c_str(),
                   elapsed.c_str());
    }
    last_ = state;
    shown_ = true;
  }
  const std::string& last() const { return last_; }

 private:
  const std::string what_;
  const absl::Time started_ = absl::Now();
  std::string last_ = "no answer yet";
  bool shown_ = false;
};

std::string StateOf(const admin::v1::Guest& guest) {
  const admin::v1::Condition* enrolled = FindCondition(guest, "Enrolled");
  std::string state = Printable(EnrolledText(guest));
  if (enrolled != nullptr && enrolled->status() != "True" && !enrolled->message().empty()) {
    state += ": " + Printable(enrolled->message());
  }
  return state;
}

}  // namespace

WaitVerdict JudgeEnrolled(const admin::v1::Guest& guest) {
  const admin::v1::Condition* enrolled = FindCondition(guest, "Enrolled");
  if (enrolled == nullptr) return WaitVerdict::kGoOn;
  if (enrolled->status() == "True") return WaitVerdict::kReached;
  return IsHopeless(enrolled->reason()) ? WaitVerdict::kHopeless : WaitVerdict::kGoOn;
}

WaitVerdict JudgeEnrolledAnew(const admin::v1::Guest& before, const admin::v1::Guest& guest) {
  const WaitVerdict verdict = JudgeEnrolled(guest);
  const bool old_key =
      before.status().has_keytab_since() &&
      before.status().keytab_since().seconds() == guest.status().keytab_since().seconds();
  return verdict == WaitVerdict::kReached && old_key ? WaitVerdict::kGoOn : verdict;
}

WaitVerdict JudgeUnenrolled(const admin::v1::Guest& guest) {
  if (guest.status().phase() == "NotEnrolled") return WaitVerdict::kReached;
  const admin::v1::Condition* enrolled = FindCondition(guest, "Enrolled");
  return enrolled != nullptr && IsHopeless(enrolled->reason()) ? WaitVerdict::kHopeless
                                                               : WaitVerdict::kGoOn;
}

absl::Status WaitForGuest(CliContext& context, const GuestName& name, const std::string& what,
                          const std::function<WaitVerdict(const admin::v1::Guest&)>& judge) {
  ASSIGN_OR_RETURN(const Duration timeout, ParseDuration(context.timeout));
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  ProgressLine line(what);
  WaitVerdict verdict = WaitVerdict::kGoOn;
  const auto handle = [&](const std::string& event, const std::string& data) {
    admin::v1::Guest guest;
    google::protobuf::util::JsonParseOptions tolerant;
    tolerant.ignore_unknown_fields = true;
    if (event != "guest" ||
        !google::protobuf::util::JsonStringToMessage(data, &guest, tolerant).ok() ||
        guest.namespace_() != name.space || guest.name() != name.name) {
      return true;
    }
    line.Show(StateOf(guest));
    const WaitVerdict before = std::exchange(verdict, judge(guest));
    return verdict == before;  // a new verdict: look at it with its own patience
  };
  const Call call = Call::Within(timeout);
  const std::string path = "/v1/guests?watch=true&namespace=" + PathSegment(name.space);
  while (verdict != WaitVerdict::kReached) {
    const bool hopeless = verdict == WaitVerdict::kHopeless;
    const absl::Status watched =
        client->Watch(path, handle, hopeless ? call.AtMost(kSettle) : call);
    if (hopeless && absl::IsDeadlineExceeded(watched) && verdict == WaitVerdict::kHopeless) {
      return absl::FailedPreconditionError(what + ": " + line.last());
    }
    if (absl::IsDeadlineExceeded(watched) || !call.Check(what).ok()) {
      return absl::DeadlineExceededError("still waiting for " + what + " after " + context.timeout +
                                         "; last seen: " + line.last());
    }
    // A stream that ended (the coordinator restarts, a proxy's limit) is opened again.
    if (!watched.ok() && !absl::IsUnavailable(watched)) return watched;
    if (!watched.ok()) std::this_thread::sleep_for(kReopenPause);
  }
  return absl::OkStatus();
}

}  // namespace innkeeper
