#include "base/http_server/server_core.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {

HttpServerReply ErrorReply(int status, const char* code, const std::string& message) {
  HttpServerReply reply;
  reply.status = status;
  reply.body = nlohmann::json{{"error", {{"code", code}, {"message", message}}}}.dump();
  return reply;
}

HttpServerReply ServerCore::Handle(const HttpHandler& handler, const HttpServerRequest& request,
                                   std::stop_token stop) const {
  try {
    return handler(request, Call::Within(options_.request_timeout, std::move(stop)));
  } catch (const std::exception& error) {
    LogError("handler threw", {{"path", request.path}, {"err", error.what()}});
  } catch (...) {
    LogError("handler threw", {{"path", request.path}, {"err", "not a std::exception"}});
  }
  return ErrorReply(500, "INTERNAL", "internal error; the server's log says more");
}

void ServerCore::Dispatch(HttpServerRequest request, const std::string& target, ReplyTo reply) {
  std::optional<Target> parsed = ParseTarget(target);
  if (!parsed) return reply(ErrorReply(400, "INVALID_ARGUMENT", "the path cannot be decoded"));
  Router::Match match = router_.Find(request.method, parsed->segments);
  if (match.handler == nullptr) {
    if (match.allowed.empty()) return reply(ErrorReply(404, "NOT_FOUND", "no such path"));
    HttpServerReply refused = ErrorReply(405, "UNIMPLEMENTED", "the path has other methods");
    refused.headers.emplace_back("Allow", match.allowed);
    return reply(std::move(refused));
  }
  request.path = std::move(parsed->path);
  request.query = std::move(parsed->query);
  request.captured = std::move(match.captured);
  if (options_.workers == 0) return reply(Handle(*match.handler, request, {}));
  const bool queued =
      Enqueue([this, handler = match.handler, reply, request = std::move(request)](
                  std::stop_token stop) { reply(Handle(*handler, request, std::move(stop))); });
  if (!queued) reply(ErrorReply(503, "UNAVAILABLE", "too many requests are waiting"));
}

// Counted before it can be popped, so that StopWorkers never sees a job as neither queued nor
// running.
bool ServerCore::Enqueue(Job job) {
  {
    std::scoped_lock lock(mutex_);
    ++pending_.jobs;
  }
  const bool queued = jobs_.Push(std::move(job));
  if (!queued) JobDone();
  return queued;
}

void ServerCore::JobDone() {
  {
    std::scoped_lock lock(mutex_);
    --pending_.jobs;
  }
  fewer_.notify_all();
}

void ServerCore::StartWorkers() {
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.emplace_back([this, i](const std::stop_token& stop) {
      NameThread("http-" + std::to_string(i));
      Work(stop);
    });
  }
}

void ServerCore::Work(const std::stop_token& stop) {
  while (std::optional<Job> job = jobs_.Pop(stop)) {
    (*job)(stop);
    job.reset();  // and with it the session it answered
    JobDone();
  }
}

void ServerCore::StopWorkers(const Call& drain) {
  jobs_.Close();
  {
    std::unique_lock lock(mutex_);
    fewer_.wait_until(lock, drain.stop, drain.deadline, [this] { return pending_.jobs == 0; });
  }
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
  // What nobody will run any more; it holds sessions, which must go before the I/O context does.
  while (jobs_.Pop({})) JobDone();
}

void ServerCore::SessionOpened() {
  std::scoped_lock lock(mutex_);
  ++pending_.sessions;
}

void ServerCore::SessionClosed() {
  {
    std::scoped_lock lock(mutex_);
    --pending_.sessions;
  }
  fewer_.notify_all();
}

size_t ServerCore::open_sessions() const {
  std::scoped_lock lock(mutex_);
  return pending_.sessions;
}

bool ServerCore::AwaitSessions(const Call& drain) const {
  std::unique_lock lock(mutex_);
  return fewer_.wait_until(lock, drain.stop, drain.deadline,
                           [this] { return pending_.sessions == 0; });
}

}  // namespace innkeeper
