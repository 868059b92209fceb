#pragma once
// A JSON API whose messages are protobuf's, from the client's side: messages in and out, errors as
// statuses with the server's own words.

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>

#include "base/http_client/http_client.h"

namespace innkeeper {

struct ApiOptions {
  std::string server;                               // "unix:/PATH" or "https://host:port"
  std::string ca_file, certificate_file, key_file;  // https only
  int verbose = 0;                                  // 6 and more: requests on stderr
};

class ApiClient {
 public:
  static absl::StatusOr<std::unique_ptr<ApiClient>> Create(const ApiOptions& options);

  // One request. `body` may be null. UNAVAILABLE: nobody answers at the server's address; the other
  // codes are the server's. Blocks.
  absl::Status Send(const std::string& method, const std::string& path,
                    const google::protobuf::Message* body, google::protobuf::Message* reply,
                    const Call& call);

  // Server-sent events of `path`: `handle(event name, data)` until it returns false.
  absl::Status Watch(const std::string& path,
                     const std::function<bool(const std::string&, const std::string&)>& handle,
                     const Call& call);

 private:
  ApiClient(ApiOptions options, std::unique_ptr<HttpClient> http)
      : options_(std::move(options)), http_(std::move(http)) {}
  absl::Status Explain(absl::Status failure) const;

  const ApiOptions options_;
  std::unique_ptr<HttpClient> http_;
};

// One path segment, percent-encoded.
std::string PathSegment(const std::string& text);

}  // namespace innkeeper
