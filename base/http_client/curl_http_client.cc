#include <curl/curl.h>
#include <openssl/evp.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/http_client/http_client.h"

namespace innkeeper {
namespace {

constexpr char kSentPayload[] = "innkeeper/http-sent";

struct EasyFree {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
struct MultiFree {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using EasyHandle = std::unique_ptr<CURL, EasyFree>;
using ListHandle = std::unique_ptr<curl_slist, ListFree>;
using MultiHandle = std::unique_ptr<CURLM, MultiFree>;

void InitCurlOnce() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(once);
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// curl wants the pin as base64 of the raw digest.
std::string PinText(const std::string& hex) {
  std::string raw;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    raw += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  std::string text(4 * ((raw.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(raw.data()),
                  static_cast<int>(raw.size()));
  text.resize(text.size() - 1);
  return "sha256//" + text;
}

// A handle and what keeps its connections: a multi handle of its own, so that a wait can be woken.
struct Slot {
  MultiHandle multi{curl_multi_init()};
  EasyHandle easy{curl_easy_init()};
};

// What curl's callbacks of one request write into.
struct Exchange {
  HttpReply reply;
  const HttpClient::Sink* sink = nullptr;
  size_t cap = 0;
  bool too_large = false;
  bool ended_by_sink = false;
};

size_t OnBody(char* bytes, size_t, size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.sink != nullptr) {
    if ((*exchange.sink)(bytes, size)) return size;
    exchange.ended_by_sink = true;
    return CURL_WRITEFUNC_ERROR;
  }
  if (exchange.reply.body.size() + size > exchange.cap) {
    exchange.too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  exchange.reply.body.append(bytes, size);
  return size;
}

size_t OnHeader(char* bytes, size_t, size_t size, void* user) {
  auto& headers = static_cast<Exchange*>(user)->reply.headers;
  const std::string line(bytes, size);
  if (line.starts_with("HTTP/")) headers.clear();  // a new answer after 100 or 401
  const size_t colon = line.find(':');
  if (colon == std::string::npos || headers.size() >= 256) return size;
  const size_t start = line.find_first_not_of(" \t", colon + 1);
  const size_t end = line.find_last_not_of(" \t\r\n");
  const bool empty = start == std::string::npos || end < start;
  headers.emplace_back(Lower(line.substr(0, colon)),
                       empty ? "" : line.substr(start, end - start + 1));
  return size;
}

class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(Options options) : options_(std::move(options)) {}

  absl::StatusOr<HttpReply> Send(HttpRequest request, const Call& call) override {
    return Run(std::move(request), nullptr, call);
  }
  absl::StatusOr<HttpReply> Stream(HttpRequest request, const Sink& sink,
                                   const Call& call) override {
    return Run(std::move(request), &sink, call);
  }

 private:
  absl::StatusOr<HttpReply> Run(HttpRequest request, const Sink* sink, const Call& call);
  absl::StatusOr<std::unique_ptr<Slot>> Borrow(const Call& call);
  void GiveBack(std::unique_ptr<Slot> slot);
  void Configure(CURL* easy, const HttpRequest& request, Exchange& exchange) const;
  void ConfigureTrust(CURL* easy) const;
  absl::StatusOr<CURLcode> Perform(Slot& slot, const std::string& what, const Call& call) const;
  absl::Status Failure(CURL* easy, CURLcode code, const Exchange& exchange,
                       const std::string& what) const;

  const Options options_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::vector<std::unique_ptr<Slot>> idle_;
  size_t borrowed_ = 0;
};

absl::StatusOr<std::unique_ptr<Slot>> CurlHttpClient::Borrow(const Call& call) {
  std::unique_lock lock(mutex_);
  const bool free = freed_.wait_until(lock, call.stop, call.deadline,
                                      [this] { return borrowed_ < options_.connections; });
  if (!free) {
    RETURN_IF_ERROR(call.Check("wait for a connection"));
    return absl::DeadlineExceededError("wait for a connection");
  }
  ++borrowed_;
  if (idle_.empty()) return std::make_unique<Slot>();
  std::unique_ptr<Slot> slot = std::move(idle_.back());
  idle_.pop_back();
  return slot;
}

void CurlHttpClient::GiveBack(std::unique_ptr<Slot> slot) {
  {
    std::scoped_lock lock(mutex_);
    --borrowed_;
    idle_.push_back(std::move(slot));
  }
  freed_.notify_one();
}

void CurlHttpClient::ConfigureTrust(CURL* easy) const {
  // Verified always; there is no option that says otherwise.
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options_.verify_host_name ? 2L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  } else if (!options_.ca_pem.empty()) {
    const curl_blob blob{const_cast<char*>(options_.ca_pem.data()), options_.ca_pem.size(),
                         CURL_BLOB_COPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!options_.certificate_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, options_.certificate_file.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, options_.key_file.c_str());
  }
  if (!options_.pinned_spki_sha256.empty()) {
    curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, PinText(options_.pinned_spki_sha256).c_str());
  }
}

void CurlHttpClient::Configure(CURL* easy, const HttpRequest& request, Exchange& exchange) const {
  curl_easy_reset(easy);
  ConfigureTrust(easy);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // straight to the server, whatever the environment says
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                   options_.unix_socket.empty() ? "https" : "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, nullptr);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout / std::chrono::milliseconds(1)));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  if (!options_.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options_.unix_socket.c_str());
  }
  if (request.login == HttpRequest::Login::kNegotiate) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_NEGOTIATE));
    curl_easy_setopt(easy, CURLOPT_USERPWD, ":");
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
}

absl::StatusOr<CURLcode> CurlHttpClient::Perform(Slot& slot, const std::string& what,
                                                 const Call& call) const {
  curl_multi_add_handle(slot.multi.get(), slot.easy.get());
  const std::stop_callback wake(call.stop, [&] { curl_multi_wakeup(slot.multi.get()); });
  absl::StatusOr<CURLcode> outcome = absl::InternalError(what);
  for (int running = 1;;) {
    curl_multi_perform(slot.multi.get(), &running);
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(slot.multi.get(), &left)) {
      outcome = message->data.result;
      break;
    }
    if (const absl::Status late = call.Check(what); !late.ok()) {
      outcome = late;
      break;
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(call.Remaining()).count();
    curl_multi_poll(slot.multi.get(), nullptr, 0, static_cast<int>(std::min<int64_t>(wait, 60'000)),
                    nullptr);
  }
  curl_multi_remove_handle(slot.multi.get(), slot.easy.get());
  return outcome;
}

absl::Status CurlHttpClient::Failure(CURL* easy, CURLcode code, const Exchange& exchange,
                                     const std::string& what) const {
  if (exchange.too_large) {
    return absl::ResourceExhaustedError(what + ": the answer is larger than " +
                                        std::to_string(options_.reply_cap) + " bytes");
  }
  long sent = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
  const std::string message = what + ": " + curl_easy_strerror(code);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return absl::PermissionDeniedError(message);
    case CURLE_OPERATION_TIMEDOUT:
      if (sent == 0) return absl::UnavailableError(message);
      break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return absl::InvalidArgumentError(message);
    default:
      break;
  }
  absl::Status status = absl::UnavailableError(message);
  if (sent > 0) status.SetPayload(kSentPayload, absl::Cord("1"));
  return status;
}

absl::StatusOr<HttpReply> CurlHttpClient::Run(HttpRequest request, const Sink* sink,
                                              const Call& call) {
  const std::string what = request.method + " " + request.url;
  RETURN_IF_ERROR(call.Check(what));
  ASSIGN_OR_RETURN(std::unique_ptr<Slot> slot, Borrow(call));
  CURL* easy = slot->easy.get();
  Exchange exchange;
  exchange.sink = sink;
  exchange.cap = options_.reply_cap;
  Configure(easy, request, exchange);
  curl_slist* raw = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : request.headers) {
    raw = curl_slist_append(raw, (name + ": " + value).c_str());
  }
  const ListHandle headers(raw);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_slist* raw_resolve = nullptr;
  for (const std::string& one : options_.resolve) {
    raw_resolve = curl_slist_append(raw_resolve, one.c_str());
  }
  const ListHandle resolve(raw_resolve);
  curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve.get());

  const absl::StatusOr<CURLcode> code = Perform(*slot, what, call);
  absl::StatusOr<HttpReply> outcome = std::move(exchange.reply);
  long sent = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
  if (!code.ok()) {
    absl::Status late = code.status();
    if (sent > 0) late.SetPayload(kSentPayload, absl::Cord("1"));
    outcome = late;
  } else if (*code != CURLE_OK && !exchange.ended_by_sink) {
    outcome = Failure(easy, *code, exchange, what);
  } else {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    outcome->status = static_cast<int>(status);
  }
  curl_easy_reset(easy);
  if (request.secret_body) WipeString(request.body);
  GiveBack(std::move(slot));
  return outcome;
}

}  // namespace

std::string HttpReply::Header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

bool WasSent(const absl::Status& failure) {
  return failure.GetPayload(kSentPayload).has_value();
}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(Options options) {
  InitCurlOnce();
  if (options.ca_file.empty() && options.ca_pem.empty() && options.unix_socket.empty()) {
    return absl::InvalidArgumentError("a CA bundle is needed: certificates are always verified");
  }
  return std::make_unique<CurlHttpClient>(std::move(options));
}

}  // namespace innkeeper
