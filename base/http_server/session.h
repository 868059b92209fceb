#pragma once
// One connection, on any kind of Beast stream. Everything here runs on the server's I/O thread,
// except where a worker hands its answer over. Heavy header: only beast_http_server.cc includes it.
//
//   handshake -> idle -> head -> body -> handler -> answer -> idle, lingering or streaming
//   streaming -> lingering -> closed
//
// Any error, a deadline, and the end of the client close it from any state.

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/http_server/message.h"
#include "base/http_server/piece_queue.h"
#include "base/http_server/server_core.h"

namespace innkeeper {

using TcpStream = beast::basic_stream<asio::ip::tcp>;
using UnixStream = beast::basic_stream<asio::local::stream_protocol>;
using TlsStream = beast::ssl_stream<TcpStream>;

inline constexpr uint32_t kHeadCap = 32 * 1024;        // bytes
inline constexpr std::chrono::seconds kLingerTime{2};  // for a client to read our last words

// What the server can do to a session whatever its stream is.
class AnySession {
 public:
  virtual ~AnySession() = default;
  virtual void Drain() = 0;  // the server stops: finish what runs, close otherwise
  virtual void Close() = 0;
};

// The sessions of a server, and whether it is stopping. The I/O thread's.
struct SessionSet {
  std::set<std::shared_ptr<AnySession>> all;
  bool draining = false;
};

// kRefuse answers its first request with 503: the server has as many sessions as it may.
enum class Admission { kServe, kRefuse };

template <class Stream>
class Session final : public AnySession, public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, HttpPeer peer, ServerCore& core, SessionSet& sessions)
      : stream_(std::move(stream)), peer_(std::move(peer)), core_(core), sessions_(sessions) {}
  ~Session() override {
    if (pieces_) pieces_->Close();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Start(Admission admission) {
    admission_ = admission;
    sessions_.all.insert(Self());
    core_.SessionOpened();
    if constexpr (kTls) {
      Lowest().expires_after(core_.options().request_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = Self()](beast::error_code error) { self->Greeted(error); });
    } else {
      AwaitRequest();
    }
  }

  void Drain() override {
    if (!answering_) Close();
  }

  void Close() override {
    if (closed_) return;
    closed_ = true;
    if (pieces_) pieces_->Close();
    beast::error_code ignored;
    Lowest().socket().shutdown(asio::socket_base::shutdown_both, ignored);
    Lowest().close();
    const std::shared_ptr<Session> self = Self();  // the set's may be the last
    sessions_.all.erase(self);
    core_.SessionClosed();
  }

 private:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  std::shared_ptr<Session> Self() { return this->shared_from_this(); }
  auto& Lowest() { return beast::get_lowest_layer(stream_); }

  void Greeted(beast::error_code error) {
    if constexpr (kTls) {
      if (error) TellRefused();
      if (!error) peer_.certificate = VerifiedPeer(stream_.native_handle());
    }
    if (error) return Close();
    AwaitRequest();
  }

  // A handshake can fail for other reasons, which are nobody's business.
  void TellRefused() {
    if constexpr (kTls) {
      const absl::Status verified = PeerVerdict(stream_.native_handle());
      const auto& tell = core_.options().on_refused;
      if (!verified.ok() && tell) tell(peer_.address, verified);
    }
  }

  // An idle client may take its time until the first byte, not after it.
  void AwaitRequest() {
    if (closed_ || sessions_.draining) return Close();
    answering_ = is_head_ = false;
    parser_.emplace();
    parser_->header_limit(kHeadCap);
    parser_->body_limit(core_.options().body_cap);
    if (buffer_.size() > 0) return ReadHead();  // the client did not wait for the answer before
    Lowest().expires_after(core_.options().idle_timeout);
    stream_.async_read_some(buffer_.prepare(kReadSize),
                            [self = Self()](beast::error_code error, size_t size) {
                              if (error) return self->Close();
                              self->buffer_.commit(size);
                              self->ReadHead();
                            });
  }

  void ReadHead() {
    Lowest().expires_after(core_.options().request_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = Self()](beast::error_code error, size_t) {
                              if (error) return self->Unreadable(error);
                              self->HaveHead();
                            });
  }

  void HaveHead() {
    keep_alive_ = parser_->get().keep_alive();
    is_head_ = parser_->get().method() == http::verb::head;
    knows_chunks_ = parser_->get().version() >= 11;
    if (admission_ == Admission::kRefuse) {
      keep_alive_ = false;
      return Answer(PlainError(503, "UNAVAILABLE", "too many connections"));
    }
    if (!WantsContinue(parser_->get())) return ReadBody();
    auto go_on = std::make_shared<EmptyResponse>(http::status::continue_, 11);
    http::async_write(stream_, *go_on, [self = Self(), go_on](beast::error_code error, size_t) {
      if (error) return self->Close();
      self->ReadBody();
    });
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_, [self = Self()](beast::error_code error, size_t) {
      if (error) return self->Unreadable(error);
      self->HaveRequest();
    });
  }

  // Says why, when the client can be told; a lost or late one is just closed.
  void Unreadable(beast::error_code error) {
    std::optional<HttpServerReply> reason = ReasonOf(error);
    if (!reason) return Close();
    keep_alive_ = false;
    Answer(*std::move(reason));
  }

  void HaveRequest() {
    if (closed_ || sessions_.draining) return Close();
    Lowest().expires_never();  // the handler has its own limit
    answering_ = true;
    const std::string target(parser_->get().target());
    core_.Dispatch(
        TakeRequest(parser_->release(), peer_), target, [self = Self()](HttpServerReply reply) {
          asio::post(self->stream_.get_executor(), [self, reply = std::move(reply)]() mutable {
            self->Answer(std::move(reply));
          });
        });
  }

  void Answer(HttpServerReply reply) {
    if (closed_) return;
    answering_ = true;
    Lowest().expires_after(core_.options().request_timeout);
    if (sessions_.draining) keep_alive_ = false;
    if (reply.stream && !knows_chunks_) {
      reply = PlainError(505, "UNIMPLEMENTED", "a stream needs HTTP/1.1");
    }
    if (reply.stream && !is_head_) return OpenStream(std::move(reply));
    auto response = std::make_shared<StringResponse>(MakeResponse(reply, keep_alive_));
    if (is_head_) return SendHeadOnly(std::move(response));
    response->body() = std::move(reply.body);
    http::async_write(
        stream_, *response,
        [self = Self(), response](beast::error_code error, size_t) { self->Answered(error); });
  }

  // HEAD: the length of what GET would send, without it.
  void SendHeadOnly(std::shared_ptr<StringResponse> response) {
    auto writer = std::make_shared<http::response_serializer<http::string_body>>(*response);
    http::async_write_header(stream_, *writer,
                             [self = Self(), response, writer](beast::error_code error, size_t) {
                               self->Answered(error);
                             });
  }

  void Answered(beast::error_code error) {
    if (error || closed_) return Close();
    keep_alive_ ? AwaitRequest() : Linger();
  }

  void OpenStream(HttpServerReply reply) {
    if (sessions_.draining) return Close();
    auto head = std::make_shared<EmptyResponse>(MakeStreamHead(reply));
    auto writer = std::make_shared<http::response_serializer<http::empty_body>>(*head);
    pieces_ = std::make_shared<PieceQueue>(
        [weak = this->weak_from_this(), executor = stream_.get_executor()] {
          asio::post(executor, [weak] {
            if (const std::shared_ptr<Session> self = weak.lock()) self->SendPieces();
          });
        });
    http::async_write_header(stream_, *writer,
                             [self = Self(), head, writer, reply = std::move(reply)](
                                 beast::error_code error, size_t) mutable {
                               if (error || self->closed_) return self->Close();
                               self->Streaming(std::move(reply));
                             });
  }

  void Streaming(HttpServerReply reply) {
    answering_ = false;  // a stream has no end to wait for
    if (sessions_.draining) return Close();
    Lowest().expires_never();
    WatchForEnd();
    SendChunk(std::move(reply.body));
    HandOver(reply.stream, StreamInto(pieces_));
  }

  // A client of a stream has nothing more to say: whatever arrives, the end included, ends it.
  void WatchForEnd() {
    stream_.async_read_some(asio::buffer(scrap_), [self = Self()](beast::error_code, size_t) {
      self->ending_ ? self->Linger() : self->Close();
    });
  }

  void SendPieces() {
    if (writing_ || closed_ || ending_) return;
    PieceQueue::Taken taken = pieces_->Take();
    if (taken.overrun) return Close();
    if (!taken.bytes.empty()) return SendChunk(std::move(taken.bytes));
    if (taken.finished) EndStream();
  }

  void SendChunk(std::string bytes) {
    if (bytes.empty()) return;
    writing_ = true;
    auto kept = std::make_shared<std::string>(std::move(bytes));
    Lowest().expires_after(core_.options().request_timeout);
    asio::async_write(stream_, http::make_chunk(asio::buffer(*kept)),
                      [self = Self(), kept](beast::error_code error, size_t) {
                        self->writing_ = false;
                        if (error || self->closed_) return self->Close();
                        self->Lowest().expires_never();
                        self->SendPieces();
                      });
  }

  void EndStream() {
    ending_ = true;
    Lowest().expires_after(core_.options().request_timeout);
    asio::async_write(stream_, http::make_chunk_last(),
                      [self = Self()](beast::error_code error, size_t) {
                        if (error || self->closed_) return self->Close();
                        self->Lowest().cancel();  // the watch, which then lingers
                      });
  }

  // Ends our side and takes in what the client still sends, for a while: closing at once would make
  // the kernel throw away an answer that the client has not read.
  void Linger() {
    if (closed_) return;
    Lowest().expires_after(kLingerTime);
    if constexpr (kTls) {
      stream_.async_shutdown([self = Self()](beast::error_code) { self->HalfClose(); });
    } else {
      HalfClose();
    }
  }

  void HalfClose() {
    if (closed_) return;
    beast::error_code error;
    Lowest().socket().shutdown(asio::socket_base::shutdown_send, error);
    error ? Close() : Discard();
  }

  void Discard() {
    Lowest().async_read_some(asio::buffer(scrap_),
                             [self = Self()](beast::error_code error, size_t) {
                               error || self->closed_ ? self->Close() : self->Discard();
                             });
  }

  static constexpr size_t kReadSize = 4096;  // bytes

  Stream stream_;
  HttpPeer peer_;
  ServerCore& core_;
  SessionSet& sessions_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::shared_ptr<PieceQueue> pieces_;
  std::array<char, 4096> scrap_{};
  Admission admission_ = Admission::kServe;
  bool keep_alive_ = true, is_head_ = false, knows_chunks_ = true;
  bool answering_ = false;  // a handler runs or its answer is on the way
  bool writing_ = false, ending_ = false, closed_ = false;
};

}  // namespace innkeeper
