#include "base/http_server/piece_queue.h"

#include <utility>

namespace innkeeper {
namespace {

class QueueStream final : public HttpStream {
 public:
  explicit QueueStream(std::shared_ptr<PieceQueue> queue) : queue_(std::move(queue)) {}
  ~QueueStream() override { queue_->Finish(); }
  bool Write(std::string piece) override { return queue_->Push(std::move(piece)); }
  bool open() const override { return queue_->open(); }

 private:
  const std::shared_ptr<PieceQueue> queue_;
};

}  // namespace

// The lock is held over wake_: whoever returns from Close knows that no call is under way.
bool PieceQueue::Push(std::string piece) {
  std::scoped_lock lock(mutex_);
  if (!open_) return false;
  if (piece.size() > kStreamBufferCap - waiting_.size()) {
    open_ = false;
    overrun_ = true;
  } else {
    waiting_ += piece;
  }
  wake_();
  return open_;
}

bool PieceQueue::open() const {
  std::scoped_lock lock(mutex_);
  return open_;
}

void PieceQueue::Finish() {
  std::scoped_lock lock(mutex_);
  if (!open_) return;
  open_ = false;
  finished_ = true;
  wake_();
}

PieceQueue::Taken PieceQueue::Take() {
  std::scoped_lock lock(mutex_);
  return {std::exchange(waiting_, {}), overrun_, finished_};
}

void PieceQueue::Close() {
  std::scoped_lock lock(mutex_);
  open_ = false;
  waiting_.clear();
}

std::shared_ptr<HttpStream> StreamInto(std::shared_ptr<PieceQueue> queue) {
  return std::make_shared<QueueStream>(std::move(queue));
}

}  // namespace innkeeper
