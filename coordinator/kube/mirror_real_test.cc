// The mirror's promise at a real API server: 30 disruptions, then the cache is what a fresh LIST
// says.

#include <gtest/gtest.h>

#include <random>

#include "coordinator/kube/mirror.h"
#include "coordinator/kube/testing/connect_proxy.h"
#include "coordinator/kube/testing/mirrored_cache.h"
#include "coordinator/kube/testing/real_kube.h"

namespace innkeeper {
namespace {

constexpr int kDisruptions = 30;  // of them a few restart the server, which takes seconds

class MirrorAtTheRealServer : public testing::Test {
 protected:
  static Call AnyCall() { return Call::Within(std::chrono::seconds(60)); }
  KubePath Path(const std::string& name) { return {server_.Widgets(), ns_, name}; }
  uint64_t Draw(uint64_t bound) { return chance_() % bound; }

  void Write() {
    const std::string name = "w" + std::to_string(Draw(12));
    const std::string object = R"({"apiVersion":"test.innkeeper.dev/v1","kind":"Widget",
        "metadata":{"name":")" +
                               name + "\"}}";
    const std::string patch = "{\"spec\":{\"a\":" + std::to_string(Draw(1'000'000)) + "}}";
    if (!writer_->Get(Path(name), AnyCall()).ok()) {
      EXPECT_TRUE(writer_->Create(Path(name), object, {}, AnyCall()).ok());
    } else if (Draw(3) == 0) {
      EXPECT_TRUE(writer_->Delete(Path(name), {}, AnyCall()).ok());
    } else {
      EXPECT_TRUE(writer_->Patch(Path(name), KubePatch::kMerge, patch, {}, AnyCall()).ok());
    }
  }
  void Disrupt(int number) {
    if (number % 10 == 3) return server_.Env("restart");
    if (number % 10 == 8) return server_.Env("compact");
    proxy_.Cut();
  }

  std::mt19937_64 chance_{20'260'101};
  SystemRandom random_;
  RealKube server_;
  ConnectProxy proxy_;
  const std::string ns_ = server_.FreshNamespace();
  const std::unique_ptr<KubeClient> client_ = server_.ClientThrough(proxy_.url());
  const std::unique_ptr<KubeClient> writer_ = server_.Client("writer");
  MirroredCache cache_;
};

TEST_F(MirrorAtTheRealServer, LosesNothingInThirtyDisruptions) {
  const KubeCollection all{.kind = server_.Widgets(), .ns = ns_};
  Mirror mirror(*client_, all, cache_,
                {.wait = {std::chrono::milliseconds(50), std::chrono::seconds(1)}}, random_);
  ASSERT_TRUE(cache_.AwaitSyncs(1));
  for (int disruption = 0; disruption < kDisruptions; ++disruption) {
    for (int i = 0; i < 10; ++i) Write();
    Disrupt(disruption);
    for (int i = 0; i < 3; ++i) Write();
    ASSERT_TRUE(cache_.Becomes(MirroredCache::Listed(*writer_, all))) << disruption;
  }
  EXPECT_LE(mirror.Reads(), kDisruptions + 1);
  // Cuts alone are no reason to read all again: only restarts can be.
  EXPECT_LE(mirror.Reads(), kDisruptions / 5 + 1);
}

}  // namespace
}  // namespace innkeeper
