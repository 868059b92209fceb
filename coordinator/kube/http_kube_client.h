#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/http_client/http_client.h"
#include "coordinator/kube/bearer_token.h"
#include "coordinator/kube/kube_access.h"
#include "coordinator/kube/kube_client.h"
#include "coordinator/kube/kube_failure.h"
#include "coordinator/kube/kube_urls.h"

namespace innkeeper {

// KubeClient over HTTPS. Items of lists of built-in kinds have neither apiVersion nor kind: the
// server leaves them out.
class HttpKubeClient final : public KubeClient {
 public:
  struct Options {
    std::string manager = "innkeeper";     // who owns what we write
    std::string user_agent = "innkeeper";  // seen in audit logs
    int page_size = 500;                   // objects; 500 VMs are about 2 MB
    size_t object_cap = 8u << 20;          // bytes; etcd takes 1.5 MiB
    size_t page_cap = 128u << 20;          // bytes of a whole page
    size_t event_cap = 16u << 20;          // bytes of one event of a watch: the object and its type
    size_t connections = 8;                // requests at a time; more wait
    size_t watches = 64;                   // watches at a time
    // A watch ends by itself after this, to be resumed. One that has not ended by the grace is cut
    // (UNAVAILABLE): its connection is dead without saying so.
    Duration watch_time = std::chrono::minutes(5);
    Duration watch_grace = std::chrono::seconds(20);
  };
  // The clock outlives it. INVALID_ARGUMENT: access or options make no client.
  static absl::StatusOr<std::unique_ptr<HttpKubeClient>> Create(KubeAccess access, Options options,
                                                                const Clock& clock);

  absl::StatusOr<std::string> Get(const KubePath& path, const Call& call) override;
  absl::StatusOr<std::string> Create(const KubePath& path, const std::string& object,
                                     const KubeWrite& how, const Call& call) override;
  absl::StatusOr<std::string> Replace(const KubePath& path, const std::string& object,
                                      const KubeWrite& how, const Call& call) override;
  absl::StatusOr<std::string> Patch(const KubePath& path, KubePatch form, const std::string& patch,
                                    const KubeWrite& how, const Call& call) override;
  absl::StatusOr<std::string> Apply(const KubePath& path, const std::string& object,
                                    const KubeWrite& how, const Call& call) override;
  absl::Status Delete(const KubePath& path, const KubePrecondition& only,
                      const Call& call) override;
  absl::StatusOr<std::string> List(const KubeCollection& which, const KubeSink& each,
                                   const Call& call) override;
  absl::Status Watch(const KubeCollection& which, const KubeWatch& from, const KubeSink& each,
                     const Call& call) override;

 private:
  struct Ask {
    std::string method, path;
    std::string content_type = {}, body = {};
  };
  struct Connections {
    std::unique_ptr<HttpClient> requests, pages, watches;
  };
  HttpKubeClient(KubeAccess access, Options options, const Clock& clock, Connections connections);

  // One request, again after a 401 with the token read anew and after a 429 that names a wait. Only
  // a 2xx answer is OK.
  absl::StatusOr<HttpReply> Send(HttpClient& http, const Ask& ask, const HttpClient::Sink* sink,
                                 const Call& call);
  absl::StatusOr<HttpRequest> Request(const Ask& ask);
  absl::StatusOr<std::string> Write(Ask ask, const Call& call);
  KubeQuery WriteQuery(const KubeWrite& how) const;
  KubeQuery Selectors(const KubeCollection& which) const;

  const KubeAccess access_;
  const Options options_;
  const std::string base_;  // what every URL begins with
  BearerToken token_;
  const Connections connections_;
};

}  // namespace innkeeper
