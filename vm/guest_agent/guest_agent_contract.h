#pragma once
// What every GuestAgent keeps, whatever is behind it. A test program instantiates
// GuestAgentContract with worlds that make a guest:
//
//   INSTANTIATE_TEST_SUITE_P(Fake, GuestAgentContract, testing::Values(World{"fake",
//   MakeFakeWorld}));

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

// What the programs of the contract do.
enum class GuestProgram {
  kEchoThenFail,  // copies its input to its output, "oops" to its error output, exits with 3
  kLoud,          // writes more than kOutputCap to its output, but less than the agent's own limits
  kKilled,        // ends by signal 9
  kSlow,          // runs about half a second
  kMissing,       // a path where nothing is
};

class GuestWorld {
 public:
  virtual ~GuestWorld() = default;
  virtual GuestAgent& agent() = 0;
  virtual DomainId id() = 0;
  virtual DomainId unknown_id() = 0;
  virtual std::string host_name() = 0;
  virtual GuestCommand Program(GuestProgram program) = 0;
  virtual void WriteFile(const std::string& path, const std::string& content) = 0;
  virtual void Freeze() = 0;  // the agent stops answering, its port stays open
  virtual void Thaw() = 0;
  virtual bool ClockMaySet() { return true; }  // false: it is the machine's own clock
};

// The contract's programs as a POSIX system runs them.
inline GuestCommand ShellProgram(GuestProgram program) {
  const auto sh = [](const char* script) {
    return GuestCommand{"/bin/sh", {"-c", script}, {"PATH=/usr/bin:/bin"}, Secret()};
  };
  switch (program) {
    case GuestProgram::kEchoThenFail:
      return sh("cat; printf oops >&2; exit 3");
    case GuestProgram::kLoud:
      return sh("head -c 300000 /dev/zero");
    case GuestProgram::kKilled:
      return sh("kill -9 $$");
    case GuestProgram::kSlow:
      return sh("sleep 0.5");
    case GuestProgram::kMissing:
      break;
  }
  return {"/no/such/program", {}, {}, Secret()};
}

struct NamedGuestWorld {
  std::string name;
  std::function<std::unique_ptr<GuestWorld>()> make;
};
inline void PrintTo(const NamedGuestWorld& world, std::ostream* out) { *out << world.name; }

class GuestAgentContract : public testing::TestWithParam<NamedGuestWorld> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    ASSERT_NE(world_, nullptr);
  }
  static Call Soon() { return Call::Within(std::chrono::seconds(60)); }
  GuestAgent& agent() { return world_->agent(); }
  absl::StatusOr<GuestExit> Run(GuestCommand command) {
    ASSIGN_OR_RETURN(const int64_t pid, agent().Start(world_->id(), command, Soon()));
    return agent().Await(world_->id(), pid, {}, Soon());
  }
  std::unique_ptr<GuestWorld> world_;
};

TEST_P(GuestAgentContract, ItAnswers) { EXPECT_TRUE(agent().Ping(world_->id(), Soon()).ok()); }

TEST_P(GuestAgentContract, AnUnknownDomainIsGone) {
  const absl::Status status = agent().Ping(world_->unknown_id(), Soon());
  EXPECT_EQ(FailureOf(status), AgentFailure::kDomainGone) << status;
}

TEST_P(GuestAgentContract, ItSaysWhatItMayDo) {
  const auto abilities = agent().Abilities(world_->id(), Soon());
  ASSERT_TRUE(abilities.ok()) << abilities.status();
  EXPECT_TRUE(abilities->exec);
  EXPECT_TRUE(abilities->file_read);
  EXPECT_FALSE(abilities->frozen);
  EXPECT_FALSE(abilities->version.empty());
}

TEST_P(GuestAgentContract, ItSaysWhoItIs) {
  const auto os = agent().Os(world_->id(), Soon());
  ASSERT_TRUE(os.ok()) << os.status();
  EXPECT_FALSE(os->id.empty());
  const auto host_name = agent().HostName(world_->id(), Soon());
  ASSERT_TRUE(host_name.ok()) << host_name.status();
  EXPECT_EQ(*host_name, world_->host_name());
  EXPECT_TRUE(agent().Addresses(world_->id(), Soon()).ok());
}

TEST_P(GuestAgentContract, ItsClockIsNearOurs) {
  const auto time = agent().Time(world_->id(), Soon());
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_LT(absl::AbsDuration(*time - absl::Now()), absl::Minutes(2));
}

TEST_P(GuestAgentContract, ItsClockCanBeSet) {
  if (!world_->ClockMaySet()) {
    const absl::Status status = agent().SetTime(world_->id(), absl::Now(), Soon());
    EXPECT_EQ(FailureOf(status), AgentFailure::kBlocked) << status;
    return;
  }
  const absl::Time wanted = absl::Now() - absl::Hours(1);
  const absl::Status status = agent().SetTime(world_->id(), wanted, Soon());
  ASSERT_TRUE(status.ok()) << status;
  const auto time = agent().Time(world_->id(), Soon());
  ASSERT_TRUE(time.ok());
  EXPECT_LT(absl::AbsDuration(*time - wanted), absl::Minutes(2));
  EXPECT_TRUE(agent().SetTime(world_->id(), absl::Now(), Soon()).ok());
}

TEST_P(GuestAgentContract, AProgramGetsItsInputAndGivesOutputAndCode) {
  GuestCommand command = world_->Program(GuestProgram::kEchoThenFail);
  command.input = Secret(std::string("a\0b\n\xff", 5));
  const auto exit = Run(std::move(command));
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_FALSE(exit->by_signal);
  EXPECT_EQ(exit->code, 3);
  EXPECT_EQ(exit->out, std::string("a\0b\n\xff", 5));
  EXPECT_EQ(exit->err, "oops");
  EXPECT_FALSE(exit->truncated);
}

TEST_P(GuestAgentContract, LongOutputIsCutAndSaidSo) {
  const auto exit = Run(world_->Program(GuestProgram::kLoud));
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->out.size(), kOutputCap);
  EXPECT_TRUE(exit->truncated);
}

TEST_P(GuestAgentContract, ASignalIsNotAnExitCode) {
  const auto exit = Run(world_->Program(GuestProgram::kKilled));
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_TRUE(exit->by_signal);
  EXPECT_EQ(exit->code, 9);
}

TEST_P(GuestAgentContract, APollOfARunningProgramGivesNothing) {
  const auto pid = agent().Start(world_->id(), world_->Program(GuestProgram::kSlow), Soon());
  ASSERT_TRUE(pid.ok()) << pid.status();
  const auto running = agent().Poll(world_->id(), *pid, Soon());
  ASSERT_TRUE(running.ok()) << running.status();
  EXPECT_FALSE(running->has_value());
  EXPECT_TRUE(agent().Await(world_->id(), *pid, {}, Soon()).ok());
}

TEST_P(GuestAgentContract, AResultComesOnce) {
  const auto pid = agent().Start(world_->id(), world_->Program(GuestProgram::kKilled), Soon());
  ASSERT_TRUE(pid.ok()) << pid.status();
  ASSERT_TRUE(agent().Await(world_->id(), *pid, {}, Soon()).ok());
  const absl::Status again = agent().Poll(world_->id(), *pid, Soon()).status();
  EXPECT_EQ(FailureOf(again), AgentFailure::kResultLost) << again;
}

TEST_P(GuestAgentContract, AMissingProgramIsNotFound) {
  const absl::Status status =
      agent().Start(world_->id(), world_->Program(GuestProgram::kMissing), Soon()).status();
  EXPECT_EQ(FailureOf(status), AgentFailure::kNotFound) << status;
}

TEST_P(GuestAgentContract, AFileIsReadWhole) {
  std::string content;
  while (content.size() < 3 * kReadChunk)
    content += "line " + std::to_string(content.size()) + "\n";
  world_->WriteFile("/var/lib/contract/file", content);
  const auto read = agent().ReadFile(world_->id(), "/var/lib/contract/file", kFileCap, Soon());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == content);
}

TEST_P(GuestAgentContract, AFileOfExactlyTheLimitPassesAndOneByteMoreNot) {
  world_->WriteFile("/var/lib/contract/limit", std::string(100, 'x'));
  const auto read = agent().ReadFile(world_->id(), "/var/lib/contract/limit", 100, Soon());
  ASSERT_TRUE(read.ok()) << read.status();
  const absl::Status longer =
      agent().ReadFile(world_->id(), "/var/lib/contract/limit", 99, Soon()).status();
  EXPECT_TRUE(absl::IsResourceExhausted(longer)) << longer;
}

TEST_P(GuestAgentContract, AnEmptyFileIsEmpty) {
  world_->WriteFile("/var/lib/contract/empty", "");
  const auto read = agent().ReadFile(world_->id(), "/var/lib/contract/empty", 10, Soon());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, "");
}

TEST_P(GuestAgentContract, AMissingFileIsNotFound) {
  const absl::Status status = agent().ReadFile(world_->id(), "/no/such", 10, Soon()).status();
  EXPECT_EQ(FailureOf(status), AgentFailure::kNotFound) << status;
}

TEST_P(GuestAgentContract, MoreThanTheGreatestFileIsNotAskedFor) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      agent().ReadFile(world_->id(), "/etc/hostname", kFileCap + 1, Soon()).status()));
}

TEST_P(GuestAgentContract, ASilentGuestCostsNoMoreThanTheDeadline) {
  world_->Freeze();
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = agent().Ping(world_->id(), Call::Within(std::chrono::seconds(2)));
  const auto took = std::chrono::steady_clock::now() - start;
  world_->Thaw();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_LT(took, std::chrono::seconds(4));
  EXPECT_TRUE(agent().Ping(world_->id(), Soon()).ok()) << "it answers again";
}

TEST_P(GuestAgentContract, AStopRequestEndsACall) {
  world_->Freeze();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const absl::Status status =
      agent().Ping(world_->id(), Call::Within(std::chrono::seconds(60), stop.get_token()));
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  world_->Thaw();
}

}  // namespace innkeeper
