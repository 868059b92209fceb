#pragma once
// Between Beast's messages and ours. Heavy header: only .cc files of this folder include it.

#include <openssl/ssl.h>

#include <boost/beast/core/error.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <string>

#include "base/http_server/http_server.h"

namespace innkeeper {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using StringRequest = http::request<http::string_body>;
// All but path, query and captures. Headers of one name are joined with commas (RFC 9110, 5.3).
HttpServerRequest TakeRequest(StringRequest message, const HttpPeer& peer);
bool WantsContinue(const StringRequest& message);

// The head of an answer, up to and with the empty line: with the length of the body, or of a
// stream.
std::string AnswerHead(const HttpServerReply& reply, bool keep_alive);
std::string StreamHead(const HttpServerReply& reply);

// The answer to a request that could not be parsed: 400, 413 or 431.
HttpServerReply ReasonOf(beast::error_code error);

// The leaf of the client's verified certificate, PEM; empty when it has shown none.
std::string VerifiedPeer(SSL* tls);
// Of a handshake that failed: why the client's certificate was refused; OK when that was not it.
absl::Status PeerVerdict(SSL* tls);

// Gives the open stream to the handler's callback. What that throws is logged; the stream then
// ends.
void HandOver(const std::function<void(std::shared_ptr<HttpStream>)>& opened,
              std::shared_ptr<HttpStream> stream);

}  // namespace innkeeper
