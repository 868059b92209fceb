#pragma once
// One pass over one guest: what it has seen so far, and the actions that a plan's steps name. Each
// action does its one thing, notes in `seen` what is so now, and stores what must not be forgotten.
// Actions are idempotent; the first failure ends the pass.

#include "coordinator/guests/identity_reconciler.h"

namespace innkeeper {

class IdentityPass {
 public:
  IdentityPass(const Seams& seams, const IdentitySettings& settings, GuestIndex& index,
               GuestMetrics& metrics, Observed seen, Call call);

  absl::Status Act(const Step& step);
  // Shows a last step, or a failure of `step`, in the status and stores it if it says anything new.
  // How long until something pending must be shown; zero: nothing.
  absl::StatusOr<Duration> Report(const Step& last);
  absl::StatusOr<Duration> ReportFailure(const Step& step, const absl::Status& failure);

  const Observed& seen() const { return seen_; }
  bool record_deleted() const { return record_deleted_; }

 private:
  // identity_pass.cc
  absl::Status Save();
  void NoteProgram();
  void Acknowledge(const std::string& order);
  void AcknowledgeFinished(JobKind kind);
  absl::Status RaisePasswordGeneration();
  void SetBack(const Step& step);
  std::string NewOrder(std::string id);  // with that beginning
  Guest& guest() { return seen_.guest; }
  GuestStatus& status() { return seen_.guest.status; }

  // host_actions.cc
  absl::Status ActOnHost(const Step& step);
  absl::Status LookAtHost();
  bool IsTagHolderGone(const OwnerTag& tag);
  absl::Status AddHost(PasswordWish wish);
  absl::Status NoteRegistered(const Step& step);
  absl::Status TakeHost(const Step& step);
  absl::Status AddToGroup(const Step& step);
  absl::Status WithdrawPassword();
  absl::Status DisableHost(const Step& step);

  // attempt_actions.cc
  absl::Status ActOnGuest(const Step& step);
  absl::Status AssignName();
  absl::Status BeginAttempt();
  absl::Status IssuePassword();
  absl::Status StorePassword(IssuedPassword issued);
  absl::Status Deliver(const Step& step);
  absl::Status AskAboutAttempt();
  absl::Status FailAttempt(const Step& step);
  absl::Status MarkEnrolled(const Step& step);
  absl::Status MarkKeyHeld(const Step& step);
  absl::Status SendVerify();
  absl::Status SettleVerify(const Step& step);
  absl::Status AcceptLoss(const Step& step);
  absl::Status ClearDisk();

  // removal_actions.cc
  absl::Status ActOnRemoval(const Step& step);
  absl::Status MarkDeleting();
  absl::Status BeginRemoval(const Step& step);
  absl::Status DropAttempt();
  absl::Status SendLeave();
  absl::Status RetagDeleting();
  absl::Status DeleteHost();
  absl::Status ForgetIdentity();
  absl::Status DeleteRecord();

  const Seams& seams_;
  const IdentitySettings& settings_;
  GuestIndex& index_;
  GuestMetrics& metrics_;
  const Call store_call_;  // the whole pass; what follows a call that hung must still be stored
  const Call call_;        // everything else
  Observed seen_;
  GuestStatus stored_;  // what the store has
  IssuedPassword password_;
  bool record_deleted_ = false;
};

}  // namespace innkeeper
