#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace innkeeper {
namespace {

using std::chrono::hours;

MonotonicTime InAnHour() { return std::chrono::steady_clock::now() + hours(1); }

TEST(BoundedQueue, GivesItemsBackInOrder) {
  BoundedQueue<int> queue(3);
  for (const int item : {1, 2, 3}) EXPECT_TRUE(queue.Push(item));
  for (const int item : {1, 2, 3}) EXPECT_EQ(queue.Pop({}), item);
}

TEST(BoundedQueue, RejectsTheNewestWhenFullAndCountsIt) {
  BoundedQueue<int> queue(2);
  queue.Push(1);
  queue.Push(2);
  EXPECT_FALSE(queue.Push(3));
  EXPECT_EQ(queue.drops(), 1u);
  EXPECT_EQ(queue.Pop({}), 1);
  EXPECT_TRUE(queue.Push(4));
}

TEST(BoundedQueue, DropsTheOldestWhenToldSo) {
  BoundedQueue<int> queue(2, Overflow::kDropOldest);
  for (const int item : {1, 2, 3}) EXPECT_TRUE(queue.Push(item));
  EXPECT_EQ(queue.drops(), 1u);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.Pop({}), 2);
}

TEST(BoundedQueue, CarriesWhatCanOnlyBeMoved) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  queue.Push(std::make_unique<int>(7));
  EXPECT_EQ(**queue.Pop({}), 7);
}

TEST(BoundedQueue, GivesUpAtTheDeadline) {
  BoundedQueue<int> queue(1);
  EXPECT_EQ(queue.PopUntil(std::chrono::steady_clock::now(), {}), std::nullopt);
  queue.Push(1);
  EXPECT_EQ(queue.PopUntil(InAnHour(), {}), 1);
}

TEST(BoundedQueue, WakesAWaiterOnAStopRequest) {
  BoundedQueue<int> queue(1);
  std::optional<int> got = 0;
  {
    std::jthread waiter([&](std::stop_token stop) { got = queue.PopUntil(InAnHour(), stop); });
  }  // requests the stop and joins
  EXPECT_EQ(got, std::nullopt);
}

TEST(BoundedQueue, GivesNothingAfterAStopRequestEvenWhenItHolds) {
  BoundedQueue<int> queue(1);
  queue.Push(1);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(queue.Pop(source.get_token()), std::nullopt);
}

TEST(BoundedQueue, DrainsAfterCloseThenEnds) {
  BoundedQueue<int> queue(2);
  queue.Push(1);
  queue.Close();
  EXPECT_FALSE(queue.Push(2));
  EXPECT_EQ(queue.Pop({}), 1);
  EXPECT_EQ(queue.Pop({}), std::nullopt);
}

TEST(BoundedQueue, LosesNothingBetweenManyThreads) {
  constexpr int kWriters = 4;
  constexpr int kEach = 2000;
  BoundedQueue<int> queue(kWriters * kEach);
  std::atomic<int> sum = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (const auto item = queue.Pop({})) sum += *item;
    });
  }
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&] {
        for (int n = 0; n < kEach; ++n) queue.Push(1);
      });
    }
  }
  queue.Close();
  readers.clear();
  EXPECT_EQ(sum, kWriters * kEach);
}

}  // namespace
}  // namespace innkeeper
