#pragma once
// The bytes of one accepted connection, whatever carries them. Everything runs on the server's I/O
// thread; callbacks come from there, never before the call returned. Calls have no time limit of
// their own: whoever waits too long closes the stream. Heavy header: only .cc files of this folder
// include it.

#include <openssl/ssl.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/error.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/tls.h"

namespace innkeeper {

namespace asio = boost::asio;
namespace beast = boost::beast;

// Sockets that know their executor's type: asking a type-erased one costs allocations per call.
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using UnixSocket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

class ByteStream {
 public:
  using Done = std::function<void(beast::error_code)>;
  using Moved = std::function<void(beast::error_code, size_t bytes)>;
  virtual ~ByteStream() = default;

  virtual void Handshake(Done done) = 0;  // done at once where there is none
  // `into` lives until the callback. At least one byte, or an error.
  virtual void ReadSome(asio::mutable_buffer into, Moved moved) = 0;
  // All of `bytes`. One write at a time.
  virtual void Write(std::string bytes, Done done) = 0;
  // Says that nothing more will be written, in the words of every layer.
  virtual void EndWriting(Done done) = 0;
  // As ReadSome, but below TLS: what a client still sends that nobody will look at.
  virtual void ReadRest(asio::mutable_buffer into, Moved moved) = 0;

  virtual void Cancel() = 0;  // what is under way fails
  virtual void Close() = 0;   // now; what is under way fails

  virtual Executor executor() = 0;
  virtual SSL* tls() = 0;  // null without TLS
};

std::unique_ptr<ByteStream> MakeByteStream(TcpSocket socket);
std::unique_ptr<ByteStream> MakeByteStream(UnixSocket socket);
std::unique_ptr<ByteStream> MakeTlsByteStream(TcpSocket socket, const TlsContext& tls);

}  // namespace innkeeper
