#pragma once
// One request as curl's callbacks see it: what has come back, and how far the request got.

#include <curl/curl.h>

#include <string>

#include "base/http_client/http_client.h"

namespace innkeeper {

class Exchange {
 public:
  // `sink` may be null; it gets the body of a 2xx answer.
  Exchange(const HttpRequest& request, const HttpClient::Sink* sink, size_t reply_cap)
      : repeatable_(request.method == "GET" || request.method == "HEAD"),
        sink_(sink),
        reply_cap_(reply_cap) {}
  ~Exchange() { WipeString(reply_.body); }  // unless it was handed over
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Sets the callbacks. This object must outlive the transfer.
  void Attach(CURL* easy);

  // What a finished transfer came to; `what` names the request in errors.
  absl::StatusOr<HttpReply> Outcome(CURLcode code, const std::string& what);
  // `failure`, marked for WasSent when the request may have reached the server.
  absl::Status Mark(absl::Status failure) const;

 private:
  static size_t OnBody(char* bytes, size_t, size_t size, void* self);
  static size_t OnHeader(char* bytes, size_t, size_t size, void* self);
  static int OnSend(void* self, char*, char*, int, int);
  void GrowClean(size_t more);
  size_t TakeBody(const char* bytes, size_t size);
  void TakeHeader(const std::string& line);
  absl::Status Failure(CURLcode code, const std::string& what) const;
  int status() const;

  const bool repeatable_;
  const HttpClient::Sink* const sink_;
  const size_t reply_cap_;  // bytes
  CURL* easy_ = nullptr;
  HttpReply reply_;
  size_t header_bytes_ = 0;
  bool sent_ = false, unanswered_ = false;
  bool too_large_ = false, ended_by_sink_ = false;
  char detail_[CURL_ERROR_SIZE] = "";
};

}  // namespace innkeeper
