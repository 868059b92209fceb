#include "base/http_server/message.h"

#include <boost/beast/core/buffers_to_string.hpp>
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

using Head = http::response<http::empty_body>;

Head MakeHead(const HttpServerReply& reply) {
  Head head;
  head.version(11);
  head.result(static_cast<unsigned>(reply.status));
  if (!reply.content_type.empty()) head.set(http::field::content_type, reply.content_type);
  head.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : reply.headers) head.set(name, value);
  return head;
}

std::string TextOf(const Head& head) {
  http::fields::writer writer(head, head.version(), head.result_int());
  return beast::buffers_to_string(writer.get());
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

std::string AnswerHead(const HttpServerReply& reply, bool keep_alive) {
  Head head = MakeHead(reply);
  head.keep_alive(keep_alive);
  const bool bodiless = reply.status == 204 || reply.status == 304;
  if (!bodiless && !reply.stream) head.content_length(reply.body.size());
  return TextOf(head);
}

std::string StreamHead(const HttpServerReply& reply) {
  Head head = MakeHead(reply);
  head.keep_alive(false);
  head.chunked(true);
  return TextOf(head);
}

HttpServerReply ReasonOf(beast::error_code error) {
  if (error == http::error::body_limit) {
    return ErrorReply(413, "RESOURCE_EXHAUSTED", "the request's body is too large");
  }
  if (error == http::error::header_limit) {
    return ErrorReply(431, "RESOURCE_EXHAUSTED", "the request's head is too large");
  }
  return ErrorReply(400, "INVALID_ARGUMENT", "this is not HTTP");
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
