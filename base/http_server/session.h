#pragma once
// One connection, on any kind of Beast stream. Everything here runs on the server's I/O thread, except
// where a worker hands its answer over. Heavy header: only beast_http_server.cc includes it.

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "base/http_server/server_core.h"
#include "base/openssl_handles.h"

namespace innkeeper {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Unix = asio::local::stream_protocol;
using TcpStream = beast::basic_stream<asio::ip::tcp>;
using UnixStream = beast::basic_stream<Unix>;
using TlsStream = beast::ssl_stream<TcpStream>;

inline constexpr uint32_t kHeaderCap = 32 * 1024;        // bytes
inline constexpr size_t kStreamBufferCap = 1024 * 1024;  // bytes a slow reader may owe

// What the server can do to a session whatever its stream is.
class AnySession {
 public:
  virtual ~AnySession() = default;
  virtual void Close() = 0;  // on the I/O thread
};
using SessionSet = std::set<std::shared_ptr<AnySession>>;

template <class Stream>
class Session : public AnySession, public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, HttpPeer peer, ServerCore& core, SessionSet& sessions)
      : stream_(std::move(stream)), peer_(std::move(peer)), core_(core), sessions_(sessions) {}

  void Start() {
    sessions_.insert(this->shared_from_this());
    ++core_.open_sessions;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      Lowest().expires_after(core_.options.request_timeout);
      stream_.async_handshake(
          asio::ssl::stream_base::server,
          [self = this->shared_from_this()](beast::error_code error) { self->Greeted(error); });
    } else {
      Read();
    }
  }

  void Close() override {
    if (closed_) return;
    closed_ = true;
    beast::error_code ignored;
    Lowest().socket().shutdown(asio::socket_base::shutdown_both, ignored);
    Lowest().close();
    if (outlet_) outlet_->Closed();
    --core_.open_sessions;
    sessions_.erase(this->shared_from_this());
  }

 private:
  // The far end of an HttpStream: any thread writes, the I/O thread sends.
  class Outlet : public HttpStream {
   public:
    explicit Outlet(std::weak_ptr<Session> session, asio::any_io_executor executor)
        : session_(std::move(session)), executor_(std::move(executor)) {}
    bool Write(std::string piece) override {
      bool overrun = false;
      {
        std::scoped_lock lock(mutex_);
        if (!open_) return false;
        owed_ += piece.size();
        overrun = owed_ > kStreamBufferCap;
        if (overrun) open_ = false;
        if (!overrun) pieces_.push_back(std::move(piece));
      }
      asio::post(executor_, [session = session_, overrun] {
        const std::shared_ptr<Session> self = session.lock();
        if (self) overrun ? self->Close() : self->Drain();
      });
      return !overrun;
    }
    bool open() const override {
      std::scoped_lock lock(mutex_);
      return open_;
    }
    void Closed() {
      std::scoped_lock lock(mutex_);
      open_ = false;
    }
    std::optional<std::string> Next() {
      std::scoped_lock lock(mutex_);
      if (pieces_.empty()) return std::nullopt;
      std::string all;
      while (!pieces_.empty()) {
        all += pieces_.front();
        pieces_.pop_front();
      }
      owed_ = 0;
      return all;
    }

   private:
    const std::weak_ptr<Session> session_;
    const asio::any_io_executor executor_;
    mutable std::mutex mutex_;
    std::deque<std::string> pieces_;
    size_t owed_ = 0;
    bool open_ = true;
  };

  auto& Lowest() { return beast::get_lowest_layer(stream_); }

  void Greeted(beast::error_code error) {
    if (error) return Close();
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      const CertificateHandle certificate(SSL_get1_peer_certificate(stream_.native_handle()));
      if (certificate) {
        const BioHandle bio(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(bio.get(), certificate.get());
        char* text = nullptr;
        const long size = BIO_get_mem_data(bio.get(), &text);
        peer_.certificate.assign(text, static_cast<size_t>(size));
      }
    }
    Read();
  }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kHeaderCap);
    parser_->body_limit(core_.options.body_cap);
    Lowest().expires_after(core_.options.idle_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](beast::error_code error, size_t) {
                       self->HaveRequest(error);
                     });
  }

  void HaveRequest(beast::error_code error) {
    if (closed_) return;
    if (error == http::error::body_limit || error == http::error::header_limit) {
      const bool body = error == http::error::body_limit;
      keep_alive_ = false;
      return Answer(PlainError(body ? 413 : 431, "RESOURCE_EXHAUSTED", "the request is too large"));
    }
    if (error && error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      keep_alive_ = false;
      return Answer(PlainError(400, "INVALID_ARGUMENT", "this is not HTTP"));
    }
    if (error) return Close();
    Lowest().expires_never();  // the handler has its own limit
    const auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    is_head_ = message.method() == http::verb::head;
    HttpServerRequest request;
    request.method = std::string(message.method_string());
    for (const auto& field : message) {
      std::string name(field.name_string());
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      request.headers[name] = std::string(field.value());
    }
    const std::string target(message.target());
    request.body = std::move(parser_->get().body());
    request.peer = peer_;
    core_.Dispatch(std::move(request), target,
                   [self = this->shared_from_this()](HttpServerReply reply) {
                     asio::post(self->stream_.get_executor(),
                                [self, reply = std::move(reply)]() mutable {
                                  self->Answer(std::move(reply));
                                });
                   });
  }

  void Answer(HttpServerReply reply) {
    if (closed_) return;
    auto response = std::make_shared<http::response<http::string_body>>();
    response->version(11);
    response->result(static_cast<unsigned>(reply.status));
    response->set(http::field::content_type, reply.content_type);
    response->set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : reply.headers) response->set(name, value);
    Lowest().expires_after(core_.options.request_timeout);
    if (reply.stream) return OpenStream(std::move(response), std::move(reply.stream));
    response->keep_alive(keep_alive_);
    response->content_length(reply.body.size());
    if (!is_head_) response->body() = std::move(reply.body);
    // HEAD: the length of what GET would send, without it.
    if (is_head_) {
      auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*response);
      return http::async_write_header(
          stream_, *serializer,
          [self = this->shared_from_this(), response, serializer](beast::error_code error,
                                                                  size_t) {
            self->Answered(error);
          });
    }
    http::async_write(stream_, *response,
                      [self = this->shared_from_this(), response](beast::error_code error, size_t) {
                        self->Answered(error);
                      });
  }

  void Answered(beast::error_code error) {
    if (error || !keep_alive_ || closed_) return Close();
    Read();
  }

  void OpenStream(std::shared_ptr<http::response<http::string_body>> response,
                  std::function<void(std::shared_ptr<HttpStream>)> opened) {
    head_.emplace(http::response<http::empty_body>(
        http::response<http::empty_body>(std::move(response->base()))));
    head_->chunked(true);
    head_->keep_alive(false);
    head_writer_.emplace(*head_);
    outlet_ = std::make_shared<Outlet>(this->weak_from_this(), stream_.get_executor());
    http::async_write_header(
        stream_, *head_writer_,
        [self = this->shared_from_this(), opened = std::move(opened)](beast::error_code error,
                                                                      size_t) {
          if (error || self->closed_) return self->Close();
          self->Lowest().expires_never();
          self->WatchForEnd();
          opened(self->outlet_);
        });
  }

  // A client of a stream has nothing more to say: whatever arrives, the end included, ends it.
  void WatchForEnd() {
    stream_.async_read_some(
        asio::buffer(scrap_),
        [self = this->shared_from_this()](beast::error_code, size_t) { self->Close(); });
  }

  void Drain() {
    if (writing_ || closed_) return;
    std::optional<std::string> piece = outlet_->Next();
    if (!piece || piece->empty()) return;
    writing_ = true;
    auto kept = std::make_shared<std::string>(*std::move(piece));
    Lowest().expires_after(core_.options.request_timeout);
    asio::async_write(stream_, http::make_chunk(asio::buffer(*kept)),
                      [self = this->shared_from_this(), kept](beast::error_code error, size_t) {
                        self->writing_ = false;
                        if (error || self->closed_) return self->Close();
                        self->Lowest().expires_never();
                        self->Drain();
                      });
  }

  Stream stream_;
  HttpPeer peer_;
  ServerCore& core_;
  SessionSet& sessions_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::empty_body>> head_;
  std::optional<http::response_serializer<http::empty_body>> head_writer_;
  std::shared_ptr<Outlet> outlet_;
  std::array<char, 64> scrap_{};
  bool keep_alive_ = true, is_head_ = false, writing_ = false, closed_ = false;
};

}  // namespace innkeeper
