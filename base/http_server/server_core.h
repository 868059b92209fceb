#pragma once
// What the sessions of one server share: routes, workers, limits. No Asio here.

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/http_server/http_server.h"
#include "base/http_server/router.h"

namespace innkeeper {

class ServerCore {
 public:
  explicit ServerCore(HttpServer::Options options)
      : options_(std::move(options)),
        jobs_(std::max<size_t>(options_.workers, 1) * kWaitingPerWorker) {}

  const HttpServer::Options& options() const { return options_; }
  Router& router() { return router_; }

  // Runs the handler of `request` on a worker and gives its answer to `reply`, on that worker's
  // thread; answers at once, on the caller's, what needs no handler (400, 404, 405, 503), and all
  // of it where there are no workers.
  using ReplyTo = std::function<void(HttpServerReply)>;
  void Dispatch(HttpServerRequest request, const std::string& target, ReplyTo reply);

  void StartWorkers();
  // Takes no more jobs and waits for those it has; at the deadline the running ones are told to
  // stop and the rest are dropped. Returns when no handler runs.
  void StopWorkers(const Call& drain);

  // Connections, counted from any thread.
  void SessionOpened();
  void SessionClosed();
  size_t open_sessions() const;
  // False when some are left at the deadline.
  bool AwaitSessions(const Call& drain) const;

 private:
  static constexpr size_t kWaitingPerWorker = 64;
  using Job = std::function<void(std::stop_token)>;
  struct Pending {
    size_t jobs = 0;  // queued or running
    size_t sessions = 0;
  };

  void Work(const std::stop_token& stop);
  bool Enqueue(Job job);
  void JobDone();
  HttpServerReply Handle(const HttpHandler& handler, const HttpServerRequest& request,
                         std::stop_token stop) const;

  const HttpServer::Options options_;
  Router router_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any fewer_;
  Pending pending_;
  BoundedQueue<Job> jobs_;
  std::vector<std::jthread> workers_;
};

}  // namespace innkeeper
