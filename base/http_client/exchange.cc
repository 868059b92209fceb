#include "base/http_client/exchange.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace innkeeper {
namespace {

constexpr char kSentPayload[] = "innkeeper/http-sent";
constexpr size_t kHeaderCap = 64 * 1024;  // bytes of all header lines of an answer

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

bool WasSent(const absl::Status& failure) { return failure.GetPayload(kSentPayload).has_value(); }

absl::Status MarkSent(absl::Status failure) {
  failure.SetPayload(kSentPayload, absl::Cord("1"));
  return failure;
}

void Exchange::Attach(CURL* easy) {
  easy_ = easy;
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Exchange::OnSend);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail_);
}

int Exchange::status() const {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

size_t Exchange::OnBody(char* bytes, size_t, size_t size, void* self) {
  return static_cast<Exchange*>(self)->TakeBody(bytes, size);
}

// A reply may hold a one-time password: a buffer that is left behind for a larger one is zeroed.
void Exchange::GrowClean(size_t more) {
  const size_t wanted = reply_.body.size() + more;
  if (wanted <= reply_.body.capacity()) return;
  std::string larger;
  larger.reserve(std::max(wanted, 2 * reply_.body.capacity()));
  larger.append(reply_.body);
  WipeString(reply_.body);
  reply_.body = std::move(larger);
}

size_t Exchange::TakeBody(const char* bytes, size_t size) {
  if (sink_ != nullptr && status() / 100 == 2) {
    if ((*sink_)(bytes, size)) return size;
    ended_by_sink_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  if (size > reply_cap_ - reply_.body.size()) {
    too_large_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  GrowClean(size);
  reply_.body.append(bytes, size);
  return size;
}

size_t Exchange::OnHeader(char* bytes, size_t, size_t size, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.header_bytes_ += size;
  if (exchange.header_bytes_ > kHeaderCap) {
    exchange.too_large_ = true;
    return 0;
  }
  exchange.TakeHeader(std::string(bytes, size));
  return size;
}

void Exchange::TakeHeader(const std::string& line) {
  if (line.starts_with("HTTP/")) {  // an answer begins, maybe after 100 or a 401 of the login
    unanswered_ = false;
    reply_.headers.clear();
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string::npos) return;
  const size_t start = line.find_first_not_of(" \t", colon + 1);
  const size_t end = line.find_last_not_of(" \t\r\n");
  const bool empty = start == std::string::npos || end < start;
  reply_.headers.emplace_back(Lower(line.substr(0, colon)),
                              empty ? "" : line.substr(start, end - start + 1));
}

// Called when a connection stands, before a byte of the request goes out. When a kept connection
// dies without an answer, curl would send again on a new one, whatever the method is; the server
// may have acted already, so only reading is repeated here.
int Exchange::OnSend(void* self, char*, char*, int, int) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (exchange.unanswered_ && !exchange.repeatable_) return CURL_PREREQFUNC_ABORT;
  exchange.sent_ = exchange.unanswered_ = true;
  return CURL_PREREQFUNC_OK;
}

absl::Status Exchange::Mark(absl::Status failure) const {
  return sent_ ? MarkSent(std::move(failure)) : failure;
}

absl::StatusOr<HttpReply> Exchange::Outcome(CURLcode code, const std::string& what) {
  if (code != CURLE_OK && !ended_by_sink_) return Mark(Failure(code, what));
  reply_.status = status();
  return std::move(reply_);
}

absl::Status Exchange::Failure(CURLcode code, const std::string& what) const {
  if (too_large_) {
    return absl::ResourceExhaustedError(what + ": the answer is larger than " +
                                        std::to_string(reply_cap_) + " bytes, or its head than " +
                                        std::to_string(kHeaderCap));
  }
  const std::string reason = detail_[0] != '\0' ? Printable(detail_) : curl_easy_strerror(code);
  const std::string message = what + ": " + reason;
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return absl::PermissionDeniedError(message);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return absl::FailedPreconditionError(message);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return absl::InvalidArgumentError(message);
    case CURLE_ABORTED_BY_CALLBACK:
      return absl::UnavailableError(what + ": the connection broke before the answer");
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace innkeeper
