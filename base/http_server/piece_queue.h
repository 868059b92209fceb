#pragma once
// The pieces of a streamed answer on their way from any thread to the I/O thread. No Asio here.

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/http_server/http_server.h"

namespace innkeeper {

inline constexpr size_t kStreamBufferCap = 1024 * 1024;  // bytes a slow reader may owe

class PieceQueue {
 public:
  // `wake` is called after every change that the I/O thread must look at, from any thread, and
  // never after Close has returned. It must not call back.
  explicit PieceQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // False when closed, or when the reader owes too much; that is then for the I/O thread to end.
  bool Push(std::string piece);
  bool open() const;
  // The last writer has gone: what is queued is still sent.
  void Finish();

  // The I/O thread's side.
  struct Taken {
    std::string bytes;      // all that waited, joined
    bool overrun = false;   // too slow: cut the connection
    bool finished = false;  // nothing comes after `bytes`
  };
  Taken Take();
  void Close();

 private:
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::string waiting_;
  bool open_ = true, overrun_ = false, finished_ = false;
};

// A handler's end of the queue: when its last owner lets go, the answer ends properly.
std::shared_ptr<HttpStream> StreamInto(std::shared_ptr<PieceQueue> queue);

}  // namespace innkeeper
