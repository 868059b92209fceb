#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "base/http_server/byte_stream.h"
#include "base/http_server/socket_calls.h"

namespace innkeeper {
namespace {

class TlsByteStream final : public ByteStream {
 public:
  TlsByteStream(TcpSocket socket, asio::ssl::context& context)
      : stream_(std::move(socket), context) {}

  void Handshake(Done done) override {
    stream_.async_handshake(asio::ssl::stream_base::server, std::move(done));
  }
  void ReadSome(asio::mutable_buffer into, Moved moved) override {
    stream_.async_read_some(into, std::move(moved));
  }
  void Write(std::string bytes, Done done) override {
    WriteAll(stream_, std::move(bytes), std::move(done));
  }
  // A peer that does not answer the close notification is still told on the socket.
  void EndWriting(Done done) override {
    stream_.async_shutdown(
        [this, done = std::move(done)](beast::error_code) { done(EndSending(lowest())); });
  }
  void ReadRest(asio::mutable_buffer into, Moved moved) override {
    lowest().async_read_some(into, std::move(moved));
  }
  void Cancel() override { CancelAll(lowest()); }
  void Close() override { CloseNow(lowest()); }
  Executor executor() override { return stream_.get_executor(); }
  SSL* tls() override { return stream_.native_handle(); }

 private:
  TcpSocket& lowest() { return stream_.next_layer(); }

  asio::ssl::stream<TcpSocket> stream_;
};

}  // namespace

std::unique_ptr<ByteStream> MakeTlsByteStream(TcpSocket socket, const TlsContext& tls) {
  SSL_CTX_up_ref(tls.get());
  asio::ssl::context context(tls.get());  // owns the reference just taken
  return std::make_unique<TlsByteStream>(std::move(socket), context);
}

}  // namespace innkeeper
