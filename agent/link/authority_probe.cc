#include "agent/link/authority_probe.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/tls.h"

namespace innkeeper {
namespace {

constexpr int kMostCertificates = 8;  // of a chain; ours has two

struct EasyFree {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};

int StopRequested(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

std::string FindIn(const curl_certinfo& chain, const std::string& spki_sha256) {
  constexpr char kPrefix[] = "Cert:";
  for (int i = 0; i < std::min(chain.num_of_certs, kMostCertificates); ++i) {
    for (const curl_slist* line = chain.certinfo[i]; line != nullptr; line = line->next) {
      if (std::strncmp(line->data, kPrefix, sizeof kPrefix - 1) != 0) continue;
      const std::string pem = std::string(line->data + sizeof kPrefix - 1) + "\n";
      const absl::StatusOr<CertificateFacts> facts = ReadCertificate(pem);
      if (facts.ok() && facts->spki_sha256 == spki_sha256) return pem;
    }
  }
  return {};
}

}  // namespace

absl::StatusOr<std::string> ProbeAuthority(const std::string& url, const std::string& spki_sha256,
                                           const Call& call) {
  if (url.rfind("https://", 0) != 0) return absl::InvalidArgumentError("not an https URL: " + url);
  RETURN_IF_ERROR(call.Check("probe " + url));
  const std::unique_ptr<CURL, EasyFree> easy(curl_easy_init());
  if (!easy) return absl::InternalError("curl_easy_init");
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call.Remaining());
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(easy.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(easy.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(easy.get(), CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, std::max<long>(1, left.count()));
  curl_easy_setopt(easy.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy.get(), CURLOPT_XFERINFOFUNCTION, &StopRequested);
  curl_easy_setopt(easy.get(), CURLOPT_XFERINFODATA, &call.stop);
  if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK) {
    RETURN_IF_ERROR(call.Check("probe " + url));
    return absl::UnavailableError("connect to " + url + ": " + curl_easy_strerror(code));
  }
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(easy.get(), CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr)
    return absl::UnavailableError("no certificates from " + url);
  std::string authority = FindIn(*chain, spki_sha256);
  if (authority.empty()) {
    return absl::PermissionDeniedError(
        "the server at " + url +
        " is not the one the token was made for (or its authority changed)");
  }
  return authority;
}

}  // namespace innkeeper
