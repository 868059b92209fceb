#pragma once
// What the sessions of one server share: routes, workers, limits. No Asio here.

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/http_server/http_server.h"
#include "base/http_server/router.h"

namespace innkeeper {

struct ServerCore {
  explicit ServerCore(HttpServer::Options o) : options(std::move(o)), jobs(options.workers * 64) {}

  // Runs the handler of `request` on a worker and gives its answer to `reply`, on that worker's thread;
  // answers at once, on the caller's, what needs no handler (404, 405, 503).
  void Dispatch(HttpServerRequest request, const std::string& target,
                std::function<void(HttpServerReply)> reply);
  void StartWorkers();
  // Waits for running handlers until the deadline; later ones are told to stop.
  void StopWorkers(const Call& drain);

  HttpServer::Options options;
  Router router;
  std::atomic<size_t> open_sessions = 0;

 private:
  using Job = std::function<void(std::stop_token)>;
  void Work(const std::stop_token& stop);
  HttpServerReply Handle(const HttpHandler& handler, const HttpServerRequest& request,
                         std::stop_token stop) const;
  BoundedQueue<Job> jobs;
  std::atomic<size_t> busy_ = 0;
  std::mutex idle_mutex_;
  std::condition_variable_any idle_;
  std::vector<std::jthread> workers_;
};

// A plain JSON error of the server itself.
HttpServerReply PlainError(int status, const char* code, const std::string& message);

}  // namespace innkeeper
