#include "base/http_server/message.h"

#include <cctype>
#include <utility>

#include "base/certificate_flaw.h"
#include "base/http_server/server_core.h"
#include "base/log.h"
#include "base/openssl_handles.h"

namespace innkeeper {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

template <class Response>
void SetHead(Response& response, const HttpServerReply& reply) {
  response.version(11);
  response.result(static_cast<unsigned>(reply.status));
  if (!reply.content_type.empty()) response.set(http::field::content_type, reply.content_type);
  response.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : reply.headers) response.set(name, value);
}

}  // namespace

HttpServerRequest TakeRequest(StringRequest message, const HttpPeer& peer) {
  HttpServerRequest request;
  request.method = std::string(message.method_string());
  for (const auto& field : message) {
    std::string& value = request.headers[Lower(std::string(field.name_string()))];
    if (!value.empty()) value += ", ";
    value += std::string(field.value());
  }
  request.body = std::move(message.body());
  request.peer = peer;
  return request;
}

bool WantsContinue(const StringRequest& message) {
  return message.version() >= 11 && beast::iequals(message[http::field::expect], "100-continue");
}

StringResponse MakeResponse(const HttpServerReply& reply, bool keep_alive) {
  StringResponse response;
  SetHead(response, reply);
  response.keep_alive(keep_alive);
  const bool bodiless = reply.status == 204 || reply.status == 304;
  if (!bodiless && !reply.stream) response.content_length(reply.body.size());
  return response;
}

EmptyResponse MakeStreamHead(const HttpServerReply& reply) {
  EmptyResponse response;
  SetHead(response, reply);
  response.keep_alive(false);
  response.chunked(true);
  return response;
}

std::optional<HttpServerReply> ReasonOf(beast::error_code error) {
  if (error == http::error::body_limit) {
    return PlainError(413, "RESOURCE_EXHAUSTED", "the request's body is too large");
  }
  if (error == http::error::header_limit) {
    return PlainError(431, "RESOURCE_EXHAUSTED", "the request's head is too large");
  }
  const bool gone = error == http::error::end_of_stream || error == http::error::partial_message;
  if (gone || error.category() != http::make_error_code(http::error::bad_method).category()) {
    return std::nullopt;
  }
  return PlainError(400, "INVALID_ARGUMENT", "this is not HTTP");
}

std::string VerifiedPeer(SSL* tls) {
  const CertificateHandle certificate(SSL_get1_peer_certificate(tls));
  if (!certificate || SSL_get_verify_result(tls) != X509_V_OK) return "";
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return "";
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

absl::Status PeerVerdict(SSL* tls) {
  const long verdict = SSL_get_verify_result(tls);
  return verdict == X509_V_OK ? absl::OkStatus() : RefusedByOpenssl(verdict);
}

void HandOver(const std::function<void(std::shared_ptr<HttpStream>)>& opened,
              std::shared_ptr<HttpStream> stream) {
  try {
    opened(std::move(stream));
  } catch (const std::exception& error) {
    LogError("stream handler threw", {{"err", error.what()}});
  } catch (...) {
    LogError("stream handler threw", {{"err", "not a std::exception"}});
  }
}

}  // namespace innkeeper
