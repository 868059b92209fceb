#include <boost/asio/post.hpp>

#include "base/http_server/byte_stream.h"
#include "base/http_server/socket_calls.h"

namespace innkeeper {
namespace {

template <class Socket>
class PlainByteStream final : public ByteStream {
 public:
  explicit PlainByteStream(Socket socket) : socket_(std::move(socket)) {}

  void Handshake(Done done) override {
    asio::post(executor(), [done = std::move(done)] { done({}); });
  }
  void ReadSome(asio::mutable_buffer into, Moved moved) override {
    socket_.async_read_some(into, std::move(moved));
  }
  void Write(std::string bytes, Done done) override {
    WriteAll(socket_, std::move(bytes), std::move(done));
  }
  void EndWriting(Done done) override {
    asio::post(executor(), [error = EndSending(socket_), done = std::move(done)] { done(error); });
  }
  void ReadRest(asio::mutable_buffer into, Moved moved) override {
    ReadSome(into, std::move(moved));
  }
  void Cancel() override { CancelAll(socket_); }
  void Close() override { CloseNow(socket_); }
  Executor executor() override { return socket_.get_executor(); }
  SSL* tls() override { return nullptr; }

 private:
  Socket socket_;
};

}  // namespace

std::unique_ptr<ByteStream> MakeByteStream(TcpSocket socket) {
  return std::make_unique<PlainByteStream<TcpSocket>>(std::move(socket));
}

std::unique_ptr<ByteStream> MakeByteStream(UnixSocket socket) {
  return std::make_unique<PlainByteStream<UnixSocket>>(std::move(socket));
}

}  // namespace innkeeper
