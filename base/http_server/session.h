#pragma once
// One connection. Everything here runs on the server's I/O thread, except where a worker hands its
// answer over. Heavy header: only session.cc and beast_http_server.cc include it.
//
//   handshake -> idle -> head -> body -> handler -> answer -> idle, lingering or streaming
//   streaming -> lingering -> closed
//
// Any error, a deadline, and the end of the client close it from any state.

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/http_server/byte_stream.h"
#include "base/http_server/message.h"
#include "base/http_server/piece_queue.h"
#include "base/http_server/server_core.h"

namespace innkeeper {

class Session;

// The sessions of a server, and whether it is stopping. The I/O thread's.
struct SessionSet {
  // Closes those whose deadline has passed.
  void CloseLate(MonotonicTime now) const;

  std::set<std::shared_ptr<Session>> all;
  bool draining = false;
};

// kRefuse answers its first request with 503: the server has as many sessions as it may.
enum class Admission { kServe, kRefuse };

class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(std::unique_ptr<ByteStream> stream, HttpPeer peer, ServerCore& core, SessionSet& sessions)
      : stream_(std::move(stream)), peer_(std::move(peer)), core_(core), sessions_(sessions) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Adds itself to the set, which keeps it until it closes.
  void Start(Admission admission);
  // The server stops: finish what runs, close otherwise.
  void Drain();
  void Close();
  bool LateAt(MonotonicTime now) const { return now > deadline_; }

 private:
  using Parser = http::request_parser<http::string_body>;

  std::shared_ptr<Session> Self() { return shared_from_this(); }

  // A timer of its own for each step would cost more than the step; the server looks at all
  // deadlines from time to time.
  void ExpireAfter(Duration time) { deadline_ = std::chrono::steady_clock::now() + time; }
  void ExpireNever() { deadline_ = MonotonicTime::max(); }

  void Greeted(beast::error_code error);
  void TellRefused() const;

  void AwaitRequest();
  void ReadHead();
  void HaveHead();
  void ReadBody();
  void ReadUntil(bool (Parser::*complete)() const, void (Session::*next)());
  void Unreadable(beast::error_code error);
  void HaveRequest();

  void Answer(HttpServerReply reply);
  void Answered(beast::error_code error);

  void OpenStream(HttpServerReply reply);
  void Streaming(HttpServerReply reply);
  void WatchForEnd();
  void SendPieces();
  void SendChunk(const std::string& bytes);
  void EndStream();

  void Linger();
  void Discard();

  const std::unique_ptr<ByteStream> stream_;
  HttpPeer peer_;
  ServerCore& core_;
  SessionSet& sessions_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<PieceQueue> pieces_;
  std::array<char, 4096> scrap_{};
  MonotonicTime deadline_ = MonotonicTime::max();
  Admission admission_ = Admission::kServe;
  bool keep_alive_ = true, is_head_ = false, knows_chunks_ = true;
  bool answering_ = false;  // a handler runs or its answer is on the way
  bool writing_ = false, ending_ = false, closed_ = false;
};

}  // namespace innkeeper
