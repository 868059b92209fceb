#pragma once
// A few threads that serve many streams in turns. What is scheduled runs on one thread at a time,
// so each stream's messages stay in order, and one busy stream waits behind the others after each
// turn.

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace innkeeper {

class Turns {
 public:
  virtual ~Turns() = default;
  // Does a bounded piece of work. True: there is more; it is scheduled again behind the others.
  virtual bool TakeTurn() = 0;
};

class WorkerPool {
 public:
  // `most`: how many Turns there can be at once; each is scheduled at most once at a time.
  WorkerPool(const std::string& name, size_t threads, size_t most);

  // Never blocks. Not again before TakeTurn returned false.
  void Schedule(std::shared_ptr<Turns> turns);
  // Drops what is scheduled and joins the threads.
  void Stop();

 private:
  void Run(std::stop_token stop);
  BoundedQueue<std::shared_ptr<Turns>> ready_;
  std::vector<std::jthread> threads_;
};

}  // namespace innkeeper
