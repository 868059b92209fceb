#include "base/http_server/session.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <iterator>
#include <utility>
#include <vector>

namespace innkeeper {
namespace {

constexpr uint32_t kHeadCap = 32 * 1024;        // bytes
constexpr size_t kIdleRead = 4 * 1024;          // bytes; what an idle connection holds
constexpr size_t kBusyRead = 32 * 1024;         // bytes
constexpr std::chrono::seconds kLingerTime{2};  // for a client to read our last words

}  // namespace

void SessionSet::CloseLate(MonotonicTime now) const {
  std::vector<std::shared_ptr<Session>> late;  // closing takes them out of the set
  std::copy_if(all.begin(), all.end(), std::back_inserter(late),
               [now](const auto& session) { return session->LateAt(now); });
  for (const auto& session : late) session->Close();
}

Session::~Session() {
  if (pieces_) pieces_->Close();
}

void Session::Start(Admission admission) {
  admission_ = admission;
  sessions_.all.insert(Self());
  core_.SessionOpened();
  if (stream_->tls() == nullptr) return AwaitRequest();
  ExpireAfter(core_.options().request_timeout);
  stream_->Handshake([self = Self()](beast::error_code error) { self->Greeted(error); });
}

void Session::Drain() {
  if (!answering_) Close();
}

void Session::Close() {
  if (closed_) return;
  closed_ = true;
  if (pieces_) pieces_->Close();
  stream_->Close();
  const std::shared_ptr<Session> self = Self();  // the set's may be the last
  sessions_.all.erase(self);
  core_.SessionClosed();
}

void Session::Greeted(beast::error_code error) {
  if (error) {
    TellRefused();
    return Close();
  }
  peer_.certificate = VerifiedPeer(stream_->tls());
  AwaitRequest();
}

// A handshake can fail for other reasons, which are nobody's business.
void Session::TellRefused() const {
  const absl::Status verdict = PeerVerdict(stream_->tls());
  const auto& tell = core_.options().on_refused;
  if (!verdict.ok() && tell) tell(peer_.address, verdict);
}

// An idle client may take its time until the first byte, not after it.
void Session::AwaitRequest() {
  if (closed_ || sessions_.draining) return Close();
  answering_ = is_head_ = false;
  parser_.emplace();
  parser_->header_limit(kHeadCap);
  parser_->body_limit(core_.options().body_cap);
  if (buffer_.size() > 0) return ReadHead();  // the client did not wait for the answer before
  ExpireAfter(core_.options().idle_timeout);
  stream_->ReadSome(buffer_.prepare(kIdleRead),
                    [self = Self()](beast::error_code error, size_t size) {
                      if (error) return self->Close();
                      self->buffer_.commit(size);
                      self->ReadHead();
                    });
}

void Session::ReadHead() {
  ExpireAfter(core_.options().request_timeout);
  ReadUntil(&Parser::is_header_done, &Session::HaveHead);
}

void Session::HaveHead() {
  keep_alive_ = parser_->get().keep_alive();
  is_head_ = parser_->get().method() == http::verb::head;
  knows_chunks_ = parser_->get().version() >= 11;
  if (admission_ == Admission::kRefuse) {
    keep_alive_ = false;
    return Answer(ErrorReply(503, "UNAVAILABLE", "too many connections"));
  }
  if (!WantsContinue(parser_->get())) return ReadBody();
  stream_->Write("HTTP/1.1 100 Continue\r\n\r\n", [self = Self()](beast::error_code error) {
    if (error) return self->Close();
    self->ReadBody();
  });
}

void Session::ReadBody() {
  parser_->eager(true);
  ReadUntil(&Parser::is_done, &Session::HaveRequest);
}

// Feeds the parser what has arrived, and reads on until it is `complete`. The parser's limits bound
// the buffer.
void Session::ReadUntil(bool (Parser::*complete)() const, void (Session::*next)()) {
  if (closed_) return;
  beast::error_code error;
  while (!((*parser_).*complete)() && buffer_.size() > 0 && !error) {
    buffer_.consume(parser_->put(buffer_.data(), error));
  }
  if (((*parser_).*complete)() && !error) return (this->*next)();
  if (error && error != http::error::need_more) return Unreadable(error);
  stream_->ReadSome(buffer_.prepare(kBusyRead),
                    [self = Self(), complete, next](beast::error_code failed, size_t size) {
                      if (failed) return self->Close();
                      self->buffer_.commit(size);
                      self->ReadUntil(complete, next);
                    });
}

void Session::Unreadable(beast::error_code error) {
  keep_alive_ = false;
  Answer(ReasonOf(error));
}

void Session::HaveRequest() {
  if (closed_ || sessions_.draining) return Close();
  ExpireNever();  // the handler has its own limit
  answering_ = true;
  const std::string target(parser_->get().target());
  core_.Dispatch(
      TakeRequest(parser_->release(), peer_), target, [self = Self()](HttpServerReply reply) {
        asio::dispatch(self->stream_->executor(), [self, reply = std::move(reply)]() mutable {
          self->Answer(std::move(reply));
        });
      });
}

void Session::Answer(HttpServerReply reply) {
  if (closed_) return;
  answering_ = true;
  ExpireAfter(core_.options().request_timeout);
  if (sessions_.draining) keep_alive_ = false;
  if (reply.stream && !knows_chunks_) {
    reply = ErrorReply(505, "UNIMPLEMENTED", "a stream needs HTTP/1.1");
  }
  if (reply.stream && !is_head_) return OpenStream(std::move(reply));
  std::string bytes = AnswerHead(reply, keep_alive_);
  if (!is_head_) bytes += reply.body;  // else the length of what GET would send, without it
  stream_->Write(std::move(bytes),
                 [self = Self()](beast::error_code error) { self->Answered(error); });
}

void Session::Answered(beast::error_code error) {
  if (error || closed_) return Close();
  keep_alive_ ? AwaitRequest() : Linger();
}

void Session::OpenStream(HttpServerReply reply) {
  if (sessions_.draining) return Close();
  pieces_ = std::make_shared<PieceQueue>([weak = weak_from_this(), executor = stream_->executor()] {
    asio::post(executor, [weak] {
      if (const std::shared_ptr<Session> self = weak.lock()) self->SendPieces();
    });
  });
  std::string head = StreamHead(reply);
  stream_->Write(std::move(head),
                 [self = Self(), reply = std::move(reply)](beast::error_code error) mutable {
                   if (error || self->closed_) return self->Close();
                   self->Streaming(std::move(reply));
                 });
}

void Session::Streaming(HttpServerReply reply) {
  answering_ = false;  // a stream has no end to wait for
  if (sessions_.draining) return Close();
  ExpireNever();
  WatchForEnd();
  if (!reply.body.empty()) SendChunk(reply.body);
  HandOver(reply.stream, StreamInto(pieces_));
}

// A client of a stream has nothing more to say: whatever arrives, the end included, ends it.
void Session::WatchForEnd() {
  stream_->ReadSome(asio::buffer(scrap_), [self = Self()](beast::error_code, size_t) {
    self->ending_ ? self->Linger() : self->Close();
  });
}

void Session::SendPieces() {
  if (writing_ || closed_ || ending_) return;
  const PieceQueue::Taken taken = pieces_->Take();
  if (taken.overrun) return Close();
  if (!taken.bytes.empty()) return SendChunk(taken.bytes);
  if (taken.finished) EndStream();
}

void Session::SendChunk(const std::string& bytes) {
  writing_ = true;
  ExpireAfter(core_.options().request_timeout);
  stream_->Write(beast::buffers_to_string(http::make_chunk(asio::buffer(bytes))),
                 [self = Self()](beast::error_code error) {
                   self->writing_ = false;
                   if (error || self->closed_) return self->Close();
                   self->ExpireNever();
                   self->SendPieces();
                 });
}

void Session::EndStream() {
  ending_ = true;
  ExpireAfter(core_.options().request_timeout);
  stream_->Write(beast::buffers_to_string(http::make_chunk_last()),
                 [self = Self()](beast::error_code error) {
                   if (error || self->closed_) return self->Close();
                   self->stream_->Cancel();  // the watch, which then lingers
                 });
}

// Ends our side and takes in what the client still sends, for a while: closing at once would make
// the kernel throw away an answer that the client has not read.
void Session::Linger() {
  if (closed_) return;
  ExpireAfter(kLingerTime);
  stream_->EndWriting([self = Self()](beast::error_code error) {
    error || self->closed_ ? self->Close() : self->Discard();
  });
}

void Session::Discard() {
  stream_->ReadRest(asio::buffer(scrap_), [self = Self()](beast::error_code error, size_t) {
    error || self->closed_ ? self->Close() : self->Discard();
  });
}

}  // namespace innkeeper
