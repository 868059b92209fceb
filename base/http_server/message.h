#pragma once
// Between Beast's messages and ours. Heavy header: only .cc files of this folder include it.

#include <openssl/ssl.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/http_server/http_server.h"

namespace innkeeper {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using StringRequest = http::request<http::string_body>;
using StringResponse = http::response<http::string_body>;
using EmptyResponse = http::response<http::empty_body>;

// All but path, query and captures. Headers of one name are joined with commas (RFC 9110, 5.3).
HttpServerRequest TakeRequest(StringRequest message, const HttpPeer& peer);
bool WantsContinue(const StringRequest& message);

// The head of `reply`; the length is its body's, which is not copied.
StringResponse MakeResponse(const HttpServerReply& reply, bool keep_alive);
EmptyResponse MakeStreamHead(const HttpServerReply& reply);

// The answer to a request that could not be read: 400, 413 or 431. Nothing when the client has gone
// or was too slow.
std::optional<HttpServerReply> ReasonOf(beast::error_code error);

// The leaf of the client's verified certificate, PEM; empty when it has shown none.
std::string VerifiedPeer(SSL* tls);
// Of a handshake that failed: why the client's certificate was refused; OK when that was not it.
absl::Status PeerVerdict(SSL* tls);

// Gives the open stream to the handler's callback. What that throws is logged; the stream then
// ends.
void HandOver(const std::function<void(std::shared_ptr<HttpStream>)>& opened,
              std::shared_ptr<HttpStream> stream);

}  // namespace innkeeper
