#include "coordinator/kube/mirror.h"

#include <gtest/gtest.h>

#include <random>

#include "base/testing/fake_clock.h"
#include "coordinator/kube/kube_failure.h"
#include "coordinator/kube/testing/fake_kube_client.h"
#include "coordinator/kube/testing/mirrored_cache.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using End = FakeKubeServer::WatchEnd;

const KubeKind kWidgets{"test.innkeeper.dev", "v1", "widgets"};

class MirrorTest : public testing::Test {
 protected:
  static Call AnyCall() { return Call::Within(std::chrono::seconds(20)); }
  static KubePath Path(const std::string& name) { return {kWidgets, "lab", name}; }
  void Make(const std::string& name) {
    EXPECT_TRUE(writer_.Create(Path(name), "{}", {}, AnyCall()).ok());
  }
  void Touch(const std::string& name, int value) {
    const std::string patch = "{\"spec\":{\"a\":" + std::to_string(value) + "}}";
    EXPECT_TRUE(writer_.Patch(Path(name), KubePatch::kMerge, patch, {}, AnyCall()).ok());
  }
  void Remove(const std::string& name) {
    EXPECT_TRUE(writer_.Delete(Path(name), {}, AnyCall()).ok());
  }
  void Start() {
    mirror_.emplace(client_, which_, cache_,
                    Mirror::Options{.wait = {milliseconds(1), milliseconds(20)}}, random_);
  }
  bool InStep() { return cache_.Becomes(MirroredCache::Listed(writer_, which_)); }
  // Until the mirror follows: its watch is open.
  void AwaitWatch() {
    while (server_.Watches() == 0) std::this_thread::yield();
  }

  FakeClock clock_;
  SystemRandom random_;
  FakeKubeServer server_{clock_, {{.kind = kWidgets, .name = "Widget"}}};
  FakeKubeClient client_{server_}, writer_{server_, "writer"};
  const KubeCollection which_{.kind = kWidgets};
  MirroredCache cache_;
  std::optional<Mirror> mirror_;
};

TEST_F(MirrorTest, TellsWhatIsThereThenEveryChange) {
  Make("a");
  Make("b");
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  EXPECT_TRUE(mirror_->HasSynced());
  EXPECT_EQ(cache_.objects().size(), 2u);
  Touch("a", 1);
  Remove("b");
  Make("c");
  EXPECT_TRUE(InStep());
  EXPECT_EQ(mirror_->Reads(), 1);
}

TEST_F(MirrorTest, AnOldServerIsReadInPages) {
  server_.SetStreamingLists(false);
  Make("a");
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  Touch("a", 1);
  EXPECT_TRUE(InStep());
  EXPECT_EQ(client_.Requests(KubeVerb::kList), 1);
}

TEST_F(MirrorTest, ACutIsNoReasonToReadAllAgain) {
  Make("a");
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  for (int i = 0; i < 10; ++i) {
    server_.EndWatches(i % 2 == 0 ? End::kCut : End::kTimeout);
    Touch("a", i + 1);
    EXPECT_TRUE(InStep());
  }
  EXPECT_EQ(mirror_->Reads(), 1);
}

TEST_F(MirrorTest, WhatVanishedWhileNobodyWatchedIsToldAsDeleted) {
  for (const char* name : {"a", "b", "c"}) Make(name);
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  client_.CutOff();
  server_.EndWatches(End::kCut);
  Remove("a");
  Remove("b");
  Make("b");  // another of that name
  server_.Compact();
  client_.Heal();
  ASSERT_TRUE(cache_.AwaitSyncs(2));
  EXPECT_TRUE(InStep());
  EXPECT_EQ(cache_.deletes(), 2);
  EXPECT_EQ(mirror_->Reads(), 2);
}

TEST_F(MirrorTest, AVersionThatExpiredWithinTheStreamIsReadAnew) {
  Make("a");
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  AwaitWatch();
  server_.EndWatches(End::kExpired);
  ASSERT_TRUE(cache_.AwaitSyncs(2));
  EXPECT_TRUE(InStep());
}

TEST_F(MirrorTest, AFullReadThatBreaksOffBeginsAgain) {
  for (const char* name : {"a", "b", "c"}) Make(name);
  client_.Fail({.failure = absl::UnavailableError("cut"),
                .verb = KubeVerb::kWatch,
                .times = 2,
                .after_objects = 2});
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  EXPECT_TRUE(InStep());
  EXPECT_EQ(cache_.begins(), 3);
}

TEST_F(MirrorTest, AKindThatIsNotThereYetIsAwaitedAndShows) {
  client_.Fail({.failure = KubeStatus({.code = 404}, "watch"), .times = 5});
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  client_.Fail({.failure = KubeStatus({.code = 403}, "watch"), .times = -1});
  server_.EndWatches(End::kCut);
  while (!absl::IsPermissionDenied(mirror_->Trouble())) std::this_thread::yield();
}

TEST_F(MirrorTest, StopsWithinAWatchAndWithinAWait) {
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  mirror_.reset();
  client_.CutOff();
  mirror_.emplace(client_, which_, cache_,
                  Mirror::Options{.wait = {std::chrono::hours(1), std::chrono::hours(1)}}, random_);
  while (client_.Requests(KubeVerb::kWatch) < 2) std::this_thread::yield();
  mirror_.reset();
}

TEST_F(MirrorTest, DoesNotStormAServerThatKeepsForgetting) {
  Make("a");
  client_.Fail({.failure = KubeStatus({.code = 410, .reason = "Expired"}, "watch"), .times = -1});
  mirror_.emplace(client_, which_, cache_,
                  Mirror::Options{.wait = {milliseconds(50), std::chrono::seconds(30)}}, random_);
  while (mirror_->Reads() < 3) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < milliseconds(300)) std::this_thread::yield();
  EXPECT_LT(mirror_->Reads(), 30) << "each waits longer than the one before, a tenth at least";
}

// The promise: whatever happens on the way, the cache becomes what a fresh LIST says, and there are
// no more full reads than disruptions, and the first.
class MirrorChaos : public MirrorTest, public testing::WithParamInterface<int> {
 protected:
  void Write() {
    const std::string name = "w" + std::to_string(Draw(12));
    if (!writer_.Get(Path(name), AnyCall()).ok()) return Make(name);
    if (Draw(3) == 0) return Remove(name);
    Touch(name, static_cast<int>(Draw(1'000'000)));
  }
  void Disrupt() {
    ++disruptions_;
    switch (Draw(7)) {
      case 0:
        return server_.EndWatches(End::kCut);
      case 1:
        return server_.EndWatches(End::kTimeout);
      case 2:
        return server_.EndWatches(End::kExpired);
      case 3:
        server_.Compact();
        return server_.EndWatches(End::kCut);
      case 4:
        server_.SendBookmarks();
        return server_.HoldWatches();
      case 5:
        server_.ReleaseWatches();
        return client_.Fail({.failure = absl::UnavailableError("cut"),
                             .verb = KubeVerb::kWatch,
                             .after_objects = Draw(5)});
      default:
        client_.Fail({.failure = KubeStatus({.code = 500}, "watch"), .verb = KubeVerb::kWatch});
        return server_.EndWatches(End::kCut);
    }
  }
  uint64_t Draw(uint64_t bound) { return chance_() % bound; }
  std::mt19937_64 chance_{static_cast<uint64_t>(GetParam())};
  int disruptions_ = 0;
};

TEST_P(MirrorChaos, TheCacheBecomesWhatAFreshListSays) {
  server_.SetStreamingLists(GetParam() % 2 == 0);
  Start();
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  for (int i = 0; i < 200; ++i) {
    Write();
    if (Draw(10) == 0) Disrupt();
    if (Draw(20) == 0) {
      server_.ReleaseWatches();
      EXPECT_TRUE(InStep());
    }
  }
  server_.ReleaseWatches();
  EXPECT_TRUE(InStep());
  EXPECT_LE(mirror_->Reads(), disruptions_ + 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MirrorChaos, testing::Range(0, 20));

}  // namespace
}  // namespace innkeeper
