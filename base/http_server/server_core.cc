#include "base/http_server/server_core.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {

HttpServerReply PlainError(int status, const char* code, const std::string& message) {
  HttpServerReply reply;
  reply.status = status;
  reply.body = nlohmann::json{{"error", {{"code", code}, {"message", message}}}}.dump();
  return reply;
}

HttpServerReply ServerCore::Handle(const HttpHandler& handler, const HttpServerRequest& request,
                                   std::stop_token stop) const {
  try {
    return handler(request, Call::Within(options.request_timeout, std::move(stop)));
  } catch (const std::exception& error) {
    LogError("handler threw", {{"path", request.path}, {"err", error.what()}});
  }
  return PlainError(500, "INTERNAL", "internal error; the server's log says more");
}

void ServerCore::Dispatch(HttpServerRequest request, const std::string& target,
                          std::function<void(HttpServerReply)> reply) {
  std::optional<Target> parsed = ParseTarget(target);
  if (!parsed) return reply(PlainError(400, "INVALID_ARGUMENT", "the path cannot be decoded"));
  Router::Match match = router.Find(request.method, parsed->segments);
  if (match.handler == nullptr) {
    if (match.allowed.empty()) return reply(PlainError(404, "NOT_FOUND", "no such path"));
    HttpServerReply refused = PlainError(405, "UNIMPLEMENTED", "the path has other methods");
    refused.headers.emplace_back("Allow", match.allowed);
    return reply(std::move(refused));
  }
  request.path = std::move(parsed->path);
  request.query = std::move(parsed->query);
  request.captured = std::move(match.captured);
  auto shared = std::make_shared<std::function<void(HttpServerReply)>>(std::move(reply));
  const bool queued = jobs.Push(
      [this, handler = match.handler, shared, request = std::move(request)](std::stop_token stop) {
        (*shared)(Handle(*handler, request, std::move(stop)));
      });
  if (!queued) (*shared)(PlainError(503, "UNAVAILABLE", "too many requests are waiting"));
}

void ServerCore::StartWorkers() {
  for (size_t i = 0; i < options.workers; ++i) {
    workers_.emplace_back([this, i](const std::stop_token& stop) {
      NameThread("http-" + std::to_string(i));
      Work(stop);
    });
  }
}

void ServerCore::Work(const std::stop_token& stop) {
  while (std::optional<Job> job = jobs.Pop(stop)) {
    ++busy_;
    (*job)(stop);
    {
      std::scoped_lock lock(idle_mutex_);
      --busy_;
    }
    idle_.notify_all();
  }
}

void ServerCore::StopWorkers(const Call& drain) {
  jobs.Close();
  {
    std::unique_lock lock(idle_mutex_);
    idle_.wait_until(lock, drain.stop, drain.deadline,
                     [this] { return busy_ == 0 && jobs.size() == 0; });
  }
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

}  // namespace innkeeper
