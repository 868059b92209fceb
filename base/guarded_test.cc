#include "base/guarded.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace innkeeper {
namespace {

TEST(Guarded, LetsOneThreadInAtATime) {
  Guarded<int> count(0);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n) count.With([](int& value) { ++value; });
      });
    }
  }
  EXPECT_EQ(count.With([](int& value) { return value; }), 4000);
}

TEST(Guarded, LetsNoReferenceOut) {
  Guarded<int> count(1);
  static_assert(std::is_same_v<int, decltype(count.With([](int& v) -> int& { return v; }))>);
}

TEST(Guarded, HoldsWhatCanOnlyBeMoved) {
  Guarded<std::unique_ptr<int>> box(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = box.With([](auto& value) { return std::move(value); });
  EXPECT_EQ(*taken, 7);
}

}  // namespace
}  // namespace innkeeper
