#pragma once
// What plain and TLS streams do in the same way. Heavy header: only those two include it.

#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <utility>

#include "base/http_server/byte_stream.h"

namespace innkeeper {

template <class Stream>
void WriteAll(Stream& stream, std::string bytes, ByteStream::Done done) {
  auto kept = std::make_shared<const std::string>(std::move(bytes));
  asio::async_write(
      stream, asio::buffer(*kept),
      [kept, done = std::move(done)](beast::error_code error, size_t) { done(error); });
}

template <class Socket>
beast::error_code EndSending(Socket& socket) {
  beast::error_code error;
  socket.shutdown(asio::socket_base::shutdown_send, error);
  return error;
}

template <class Socket>
void CloseNow(Socket& socket) {
  beast::error_code ignored;
  socket.shutdown(asio::socket_base::shutdown_both, ignored);
  socket.close(ignored);
}

template <class Socket>
void CancelAll(Socket& socket) {
  beast::error_code ignored;
  socket.cancel(ignored);
}

}  // namespace innkeeper
