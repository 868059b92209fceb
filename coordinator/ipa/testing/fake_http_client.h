#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client/http_client.h"

namespace innkeeper {

// An HttpClient whose answers a function gives. Remembers the requests. Thread-safe; the function
// may be called by several threads at once.
class FakeHttpClient final : public HttpClient {
 public:
  using Answer = std::function<absl::StatusOr<HttpReply>(const HttpRequest&, const Call&)>;
  explicit FakeHttpClient(Answer answer) : answer_(std::move(answer)) {}

  absl::StatusOr<HttpReply> Send(HttpRequest request, const Call& call) override {
    {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(request);
    }
    return answer_(request, call);
  }
  absl::StatusOr<HttpReply> Stream(HttpRequest, const Sink&, const Call&) override {
    return absl::UnimplementedError("not used");
  }

  // Those whose URL ends so.
  std::vector<HttpRequest> Requests(const std::string& ending) const {
    const std::scoped_lock lock(mutex_);
    std::vector<HttpRequest> found;
    for (const HttpRequest& request : requests_) {
      if (request.url.ends_with(ending)) found.push_back(request);
    }
    return found;
  }

 private:
  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
};

}  // namespace innkeeper
