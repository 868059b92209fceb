// The folder that gRPC's own file watcher reads: it takes whatever stands there, a broken pair too,
// and looks at its files one by one. So nothing but whole, valid pairs may ever be seen in it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/link/testing/raw_agent.h"
#include "tests/link/testing/test_agent.h"
#include "tests/link/testing/test_centre.h"

namespace innkeeper {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The watcher's period in TestCentre is a second: two looks, and a little.
constexpr Duration kTwoLooks = milliseconds(2500);

// No file of this process grows beyond `bytes`: a disk that is full in the middle of a pair.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

class ServingFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(centre_.Start().ok());
    ASSERT_TRUE(centre_.Enlist("host1", agent_.emplace(centre_.endpoint()).keys()).ok());
    agent_->Start();
    ASSERT_TRUE(agent_->Connects());
    ASSERT_TRUE(centre_.Enlist("host2", centre_.dir().File("host2")).ok());
    other_ = *LoadKeyPair(centre_.dir().File("host2"));
    serial_ = Served();
    ASSERT_FALSE(serial_.empty());
  }

  bool IsServedSoon(const std::string& serial) {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    while (Served() != serial) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }
  bool IsAnythingServedSoon() {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    while (Served().empty()) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }
  std::string folder() const { return centre_.dir().File("serving"); }
  std::string Clients() { return centre_.issuers().Bundle(Authority::kAgents); }
  fs::path Current() const { return fs::canonical(folder() + "/current"); }
  KeyPair Fresh() {
    return *centre_.issuers().IssueServing({"127.0.0.1", "localhost"}, absl::Hours(9));
  }
  // Serial of the certificate that a new connection sees; empty: it could not be made.
  std::string Served() {
    RawAgent client(centre_.endpoint(), centre_.issuers().Bundle(Authority::kCoordinator),
                    other_.Copy());
    if (!client.Greet(++epoch_).ok()) return "";
    return ReadCertificate(client.ServerCertificate())->serial;
  }
  // For as long as the watcher needs to have looked twice, whoever comes is served by that
  // certificate, and the stream that was there stays.
  void ExpectUndisturbed(const std::string& serial) {
    const auto end = std::chrono::steady_clock::now() + kTwoLooks;
    while (std::chrono::steady_clock::now() < end) ASSERT_EQ(Served(), serial);
    EXPECT_EQ(centre_.home().log().front(), "connected host1");
    for (const std::string& line : centre_.home().log()) EXPECT_NE(line, "disconnected host1");
  }

  TestCentre centre_{seconds(10)};
  std::optional<TestAgent> agent_;
  KeyPair other_;
  std::string serial_;
  uint64_t epoch_ = 0;
};

TEST_F(ServingFolderTest, APairThatDoesNotFitIsNotPublished) {
  // The authority's key in the vault is another one: what it signs verifies nowhere.
  FakeVault vault;
  RealClock clock;
  static_cast<void>(*Issuers::Open(vault, {"c1"}, clock, TestCentre::Soon()));
  const VaultEntry entry = *vault.Read("ca/coordinator", TestCentre::Soon());
  nlohmann::json broken = nlohmann::json::parse(entry.bytes.Reveal());
  broken["current"]["key"] = std::string(Fresh().key.Reveal());
  ASSERT_TRUE(
      vault.Write("ca/coordinator", Secret(broken.dump()), entry.version, TestCentre::Soon()).ok());
  const auto issuers = *Issuers::Open(vault, {"c1"}, clock, TestCentre::Soon());

  const fs::path before = Current();
  ServingCertificate::Options options;
  options.directory = folder();
  options.names = {"127.0.0.1", "another.test"};
  ServingCertificate serving(*issuers, clock, std::move(options));
  EXPECT_FALSE(serving.Ensure().ok());
  EXPECT_EQ(Current(), before);
  ExpectUndisturbed(serial_);
}

TEST_F(ServingFolderTest, HalfAPairIsNotSeen) {
  const fs::path before = Current();
  const KeyPair fresh = Fresh();
  const size_t key = fresh.key.Reveal().size();
  for (const size_t room : {size_t{0}, key / 2, key + 10}) {
    const FullDisk full(room);
    EXPECT_FALSE(PublishKeyPair(folder(), fresh, Clients()).ok()) << room;
    EXPECT_EQ(Current(), before);
  }
  // What a process leaves that was killed in the middle of it.
  fs::create_directory(folder() + "/pair-dead");
  std::ofstream(folder() + "/pair-dead/tls.crt") << fresh.chain.substr(0, 99);
  fs::create_symlink("pair-dead", folder() + "/current.dead");
  ExpectUndisturbed(serial_);
  ASSERT_TRUE(PublishKeyPair(folder(), fresh, Clients()).ok());
  EXPECT_FALSE(fs::exists(folder() + "/pair-dead"));
  const std::string next = ReadCertificate(fresh.chain)->serial;
  EXPECT_TRUE(IsServedSoon(next));
  ExpectUndisturbed(next);
}

// The watcher reads key and certificate one after the other; a swap may come in between. It looks
// again where their times differ, in whole seconds: of many swaps in one second it may take a pair
// that does not fit, until its next look. Nobody waits for longer than that.
TEST_F(ServingFolderTest, WhoeverComesWhilePairsAreSwappedIsServed) {
  std::atomic<bool> done = false;
  std::jthread swapper([&] {
    while (!done) EXPECT_TRUE(PublishKeyPair(folder(), Fresh(), Clients()).ok());
  });
  const auto end = std::chrono::steady_clock::now() + 2 * kTwoLooks;
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(IsAnythingServedSoon());
    const absl::StatusOr<KeyPair> seen = LoadKeyPair(folder());
    ASSERT_TRUE(seen.ok()) << seen.status();
    EXPECT_TRUE(
        ValidateKeyPair(*seen, centre_.issuers().Bundle(Authority::kCoordinator), absl::Now())
            .ok());
  }
  done = true;
  swapper.join();
  const std::string last = ReadCertificate(LoadKeyPair(folder())->chain)->serial;
  EXPECT_TRUE(IsServedSoon(last));
  ExpectUndisturbed(last);
}

}  // namespace
}  // namespace innkeeper
