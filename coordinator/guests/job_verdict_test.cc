#include "coordinator/guests/job_verdict.h"

#include <gtest/gtest.h>

#include "coordinator/guests/names.h"

namespace innkeeper {
namespace {

const Fqdn kName{"web.lab.test"};

JobView Job(JobResult result) {
  JobView job;
  job.result = result;
  job.proof.principal = "host/Web.Lab.Test@TEST";
  job.proof.kinit = true;
  return job;
}

TEST(JobVerdict, EveryResultHasAReasonThatFits) {
  for (int i = 0; i <= static_cast<int>(JobResult::kInternal); ++i) {
    const auto result = static_cast<JobResult>(i);
    const JoinVerdict join = JudgeJoin(Job(result), kName, true);
    const VerifyVerdict verify = JudgeVerify(Job(result), kName);
    EXPECT_EQ(join.reason, verify.reason) << NameOf(result);
    EXPECT_EQ(join.reason == Reason::kInternal, result == JobResult::kInternal) << NameOf(result);
  }
}

TEST(JobVerdict, OnlyThreeResultsSayThatAKeyIsLost) {
  int lost = 0;
  for (int i = 0; i <= static_cast<int>(JobResult::kInternal); ++i)
    lost += JudgeVerify(Job(static_cast<JobResult>(i)), kName).handling == VerifyHandling::kLost;
  EXPECT_EQ(lost, 3);
  for (const JobResult result :
       {JobResult::kStaleKey, JobResult::kNotJoined, JobResult::kForeignPrincipal})
    EXPECT_EQ(JudgeVerify(Job(result), kName).handling, VerifyHandling::kLost);
}

TEST(JobVerdict, WhatAPersonMustMendStops) {
  for (const JobResult result : {JobResult::kUnsupportedOs, JobResult::kPackageMissing,
                                 JobResult::kConfig, JobResult::kCa, JobResult::kExecBlocked})
    EXPECT_EQ(JudgeJoin(Job(result), kName, true).handling, JoinHandling::kStop) << NameOf(result);
}

TEST(JobVerdict, ASuccessWithoutProofIsABadAnswer) {
  for (const char* principal : {"", "host/other.lab.test@TEST", "host/web.lab.test.evil@TEST",
                                "HTTP/web.lab.test@TEST", "host/web.lab.test"}) {
    JobView job = Job(JobResult::kOk);
    job.proof.principal = principal;
    EXPECT_EQ(JudgeJoin(job, kName, true).reason, Reason::kBadAnswer) << principal;
    EXPECT_EQ(JudgeVerify(job, kName).handling, VerifyHandling::kUnknown) << principal;
  }
  JobView no_ticket = Job(JobResult::kOk);
  no_ticket.proof.kinit = false;
  EXPECT_EQ(JudgeJoin(no_ticket, kName, true).reason, Reason::kBadAnswer);
}

TEST(JobVerdict, AnAttemptThatNeverArrivedIsTriedAgainAtOnce) {
  EXPECT_EQ(JudgeJoin(Job(JobResult::kAttemptUnknown), kName, false).handling,
            JoinHandling::kRetryNow);
  EXPECT_EQ(JudgeJoin(Job(JobResult::kAttemptUnknown), kName, true).handling, JoinHandling::kRetry);
}

}  // namespace
}  // namespace innkeeper
