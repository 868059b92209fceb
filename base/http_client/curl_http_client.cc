#include <curl/curl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/http_client/exchange.h"
#include "base/http_client/http_client.h"
#include "base/text.h"

namespace innkeeper {
namespace {

struct EasyFree {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
// For header lines, among which a bearer token may stand.
struct ListWipe {
  void operator()(curl_slist* list) const noexcept {
    for (curl_slist* at = list; at != nullptr; at = at->next) {
      OPENSSL_cleanse(at->data, std::strlen(at->data));
    }
    curl_slist_free_all(list);
  }
};
struct MultiFree {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using EasyHandle = std::unique_ptr<CURL, EasyFree>;
using ListHandle = std::unique_ptr<curl_slist, ListFree>;
using HeaderHandle = std::unique_ptr<curl_slist, ListWipe>;
using MultiHandle = std::unique_ptr<CURLM, MultiFree>;

bool InitCurlOnce() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  return once == CURLE_OK;
}

// curl wants the pin as base64 of the raw digest.
std::string PinText(const std::string& hex) {
  std::string raw;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    raw += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  std::string text(4 * ((raw.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(raw.data()), static_cast<int>(raw.size()));
  text.resize(text.size() - 1);
  return "sha256//" + text;
}

// A handle and what keeps its connections: a multi handle of its own, so that a wait can be woken.
struct Slot {
  MultiHandle multi{curl_multi_init()};
  EasyHandle easy{curl_easy_init()};
};

bool IsHexDigest(const std::string& text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// Nothing of a request may start a line of its own in what goes over the wire.
bool IsPlain(const std::string& text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

absl::Status CheckRequest(const HttpRequest& request) {
  const bool method = !request.method.empty() && std::ranges::all_of(request.method, [](char c) {
    return c >= 'A' && c <= 'Z';
  });
  if (!method) return absl::InvalidArgumentError("the method is not upper-case letters");
  if (!IsPlain(request.url)) return absl::InvalidArgumentError("control characters in the URL");
  if (request.bearer != nullptr && !IsPlain(std::string(request.bearer->Reveal()))) {
    return absl::InvalidArgumentError("the bearer token holds control characters");
  }
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || name.find_first_of(": ") != std::string::npos || !IsPlain(name) ||
        !IsPlain(value)) {
      return absl::InvalidArgumentError("a header cannot be sent: " + Printable(name));
    }
  }
  return absl::OkStatus();
}

// Zeroes the body of a request on every way out.
class BodyGuard {
 public:
  explicit BodyGuard(HttpRequest& request) : request_(request) {}
  ~BodyGuard() {
    if (request_.secret_body) WipeString(request_.body);
  }
  BodyGuard(const BodyGuard&) = delete;
  BodyGuard& operator=(const BodyGuard&) = delete;

 private:
  HttpRequest& request_;
};

HeaderHandle HeaderList(const HttpRequest& request) {
  // No "Expect: 100-continue": it costs a second with servers that do not know it.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : request.headers) {
    // curl's way of saying "send it, though it is empty" is the semicolon.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    list = curl_slist_append(list, line.c_str());
  }
  if (request.bearer != nullptr) {
    std::string line = "Authorization: Bearer " + std::string(request.bearer->Reveal());
    list = curl_slist_append(list, line.c_str());
    WipeString(line);
  }
  return HeaderHandle(list);
}

ListHandle EntryList(const std::vector<std::string>& entries) {
  curl_slist* list = nullptr;
  for (const std::string& entry : entries) list = curl_slist_append(list, entry.c_str());
  return ListHandle(list);
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
  void Configure(CURL* easy, const HttpRequest& request) const;
  void ConfigureTrust(CURL* easy) const;
  // CANCELLED and DEADLINE_EXCEEDED by call; else what curl says.
  absl::StatusOr<CURLcode> Perform(Slot& slot, const std::string& what, const Call& call) const;

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
  } else if (!options_.certificate_pem.empty()) {
    const std::string_view key = options_.key_pem->Reveal();
    const curl_blob certificate{const_cast<char*>(options_.certificate_pem.data()),
                                options_.certificate_pem.size(), CURL_BLOB_NOCOPY};
    const curl_blob key_blob{const_cast<char*>(key.data()), key.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
    curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key_blob);
  }
  if (!options_.pinned_spki_sha256.empty()) {
    curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, PinText(options_.pinned_spki_sha256).c_str());
  }
}

void CurlHttpClient::Configure(CURL* easy, const HttpRequest& request) const {
  curl_easy_reset(easy);  // kept: connections, TLS sessions, addresses
  ConfigureTrust(easy);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, options_.no_proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                   options_.unix_socket.empty() ? "https" : "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, nullptr);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout / std::chrono::milliseconds(1)));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                   static_cast<long>(options_.idle_limit / std::chrono::seconds(1)));
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a cancelled request does not wait for DNS
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

absl::StatusOr<HttpReply> CurlHttpClient::Run(HttpRequest request, const Sink* sink,
                                              const Call& call) {
  const BodyGuard guard(request);
  RETURN_IF_ERROR(CheckRequest(request));
  const std::string what = request.method + " " + request.url;
  RETURN_IF_ERROR(call.Check(what));
  ASSIGN_OR_RETURN(std::unique_ptr<Slot> slot, Borrow(call));
  CURL* easy = slot->easy.get();
  const HeaderHandle headers = HeaderList(request);
  const ListHandle resolve = EntryList(options_.resolve);
  const ListHandle connect_to = EntryList(options_.connect_to);
  Exchange exchange(request, sink, options_.reply_cap);
  Configure(easy, request);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve.get());
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to.get());
  exchange.Attach(easy);
  const absl::StatusOr<CURLcode> code = Perform(*slot, what, call);
  absl::StatusOr<HttpReply> outcome =
      code.ok() ? exchange.Outcome(*code, what) : exchange.Mark(code.status());
  curl_easy_reset(easy);  // nothing in it points at this request any more
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

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(Options options) {
  if (options.ca_file.empty() && options.ca_pem.empty() && options.unix_socket.empty()) {
    return absl::InvalidArgumentError("a CA bundle is needed: certificates are always verified");
  }
  if (!options.pinned_spki_sha256.empty() && !IsHexDigest(options.pinned_spki_sha256)) {
    return absl::InvalidArgumentError("the server's key pin is not 64 hexadecimal digits");
  }
  if (!options.certificate_pem.empty() && options.key_pem == nullptr) {
    return absl::InvalidArgumentError("a client certificate needs its key");
  }
  if (options.connections == 0) return absl::InvalidArgumentError("no connection is allowed");
  if (!InitCurlOnce()) return absl::InternalError("libcurl does not start");
  return std::make_unique<CurlHttpClient>(std::move(options));
}

}  // namespace innkeeper
