#include <boost/asio/post.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include "base/http_server/byte_stream.h"
#include "base/http_server/socket_calls.h"

namespace innkeeper {
namespace {

template <class Protocol>
class PlainByteStream final : public ByteStream {
 public:
  explicit PlainByteStream(typename Protocol::socket socket) : stream_(std::move(socket)) {}

  void Handshake(Done done) override {
    asio::post(executor(), [done = std::move(done)] { done({}); });
  }
  void ReadSome(asio::mutable_buffer into, Moved moved) override {
    stream_.async_read_some(into, std::move(moved));
  }
  void Write(std::string bytes, Done done) override {
    WriteAll(stream_, std::move(bytes), std::move(done));
  }
  void EndWriting(Done done) override {
    asio::post(executor(),
               [error = EndSending(stream_.socket()), done = std::move(done)] { done(error); });
  }
  void ReadRest(asio::mutable_buffer into, Moved moved) override {
    ReadSome(into, std::move(moved));
  }
  void ExpireAfter(Duration time) override { stream_.expires_after(time); }
  void ExpireNever() override { stream_.expires_never(); }
  void Cancel() override { stream_.cancel(); }
  void Close() override { CloseNow(stream_); }
  asio::any_io_executor executor() override { return stream_.get_executor(); }
  SSL* tls() override { return nullptr; }

 private:
  beast::basic_stream<Protocol> stream_;
};

}  // namespace

std::unique_ptr<ByteStream> MakeByteStream(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainByteStream<asio::ip::tcp>>(std::move(socket));
}

std::unique_ptr<ByteStream> MakeByteStream(asio::local::stream_protocol::socket socket) {
  return std::make_unique<PlainByteStream<asio::local::stream_protocol>>(std::move(socket));
}

}  // namespace innkeeper
