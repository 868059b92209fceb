#include "base/http_server/piece_queue.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

class PieceQueueTest : public testing::Test {
 protected:
  int woken_ = 0;
  const std::shared_ptr<PieceQueue> queue_ = std::make_shared<PieceQueue>([this] { ++woken_; });
};

TEST_F(PieceQueueTest, JoinsWhatWaits) {
  const auto stream = StreamInto(queue_);
  EXPECT_TRUE(stream->Write("one "));
  EXPECT_TRUE(stream->Write("two"));
  EXPECT_EQ(woken_, 2);
  EXPECT_EQ(queue_->Take().bytes, "one two");
  EXPECT_EQ(queue_->Take().bytes, "");
}

TEST_F(PieceQueueTest, ClosesWhenTheReaderOwesTooMuch) {
  const auto stream = StreamInto(queue_);
  EXPECT_TRUE(stream->Write(std::string(kStreamBufferCap, 'x')));
  EXPECT_FALSE(stream->Write("y"));
  EXPECT_FALSE(stream->open());
  EXPECT_TRUE(queue_->Take().overrun);
}

TEST_F(PieceQueueTest, TakesOnWhenTheReaderCatchesUp) {
  const auto stream = StreamInto(queue_);
  EXPECT_TRUE(stream->Write(std::string(kStreamBufferCap, 'x')));
  queue_->Take();
  EXPECT_TRUE(stream->Write(std::string(kStreamBufferCap, 'x')));
}

TEST_F(PieceQueueTest, FinishesWhenTheLastOwnerLetsGo) {
  auto stream = StreamInto(queue_);
  auto other = stream;
  stream->Write("last words");
  stream.reset();
  EXPECT_TRUE(queue_->open());
  other.reset();
  EXPECT_FALSE(queue_->open());
  const PieceQueue::Taken taken = queue_->Take();
  EXPECT_EQ(taken.bytes, "last words");
  EXPECT_TRUE(taken.finished);
}

TEST_F(PieceQueueTest, NeverWakesAfterItIsClosed) {
  auto stream = StreamInto(queue_);
  queue_->Close();
  EXPECT_FALSE(stream->Write("late"));
  stream.reset();
  EXPECT_EQ(woken_, 0);
}

}  // namespace
}  // namespace innkeeper
