#include "coordinator/ipa/srv_reply.h"

#include <ares.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <optional>

namespace innkeeper {
namespace {

constexpr size_t kHeaderSize = 12;
constexpr size_t kQuestionTail = 4;  // type, class
constexpr size_t kRecordHead = 10;   // type, class, TTL, length
constexpr size_t kSrvHead = 6;       // priority, weight, port

// Reads forward through a message; every step says whether the bytes were there.
class Reader {
 public:
  Reader(const unsigned char* bytes, size_t size) : bytes_(bytes), size_(size) {}

  bool Skip(size_t n) {
    if (size_ - at_ < n) return false;
    at_ += n;
    return true;
  }
  uint16_t U16(size_t ahead) const {
    return static_cast<uint16_t>(bytes_[at_ + ahead] << 8 | bytes_[at_ + ahead + 1]);
  }
  uint32_t U32(size_t ahead) const {
    return static_cast<uint32_t>(U16(ahead)) << 16 | U16(ahead + 2);
  }
  size_t left() const { return size_ - at_; }
  size_t at() const { return at_; }
  void MoveTo(size_t at) { at_ = at; }

  // A domain name, compressed or not. c-ares follows the pointers and bounds the loops.
  std::optional<std::string> Name() {
    char* text = nullptr;
    long used = 0;
    if (left() == 0 || ares_expand_name(bytes_ + at_, bytes_, static_cast<int>(size_), &text,
                                        &used) != ARES_SUCCESS)
      return std::nullopt;
    std::string name(text);
    ares_free_string(text);
    if (!Skip(static_cast<size_t>(used))) return std::nullopt;
    return name;
  }

 private:
  const unsigned char* const bytes_;
  const size_t size_;
  size_t at_ = 0;
};

// Lower case; nothing when it is not a host name. "." (the root) comes out of c-ares as "".
std::optional<std::string> HostName(std::string name) {
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (name.empty() || name.size() > 253) return std::nullopt;
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
      return std::nullopt;
  }
  if (name.find("..") != std::string::npos || name.front() == '.') return std::nullopt;
  return name;
}

absl::Status CheckHeader(const unsigned char* bytes) {
  constexpr unsigned char kIsReply = 0x80, kTruncated = 0x02, kCode = 0x0f;
  if ((bytes[2] & kIsReply) == 0) return absl::InternalError("not a DNS reply");
  if (bytes[2] & kTruncated) return absl::UnavailableError("the DNS reply is cut short");
  const int code = bytes[3] & kCode;
  if (code == ns_r_nxdomain) return absl::NotFoundError("no such name in DNS");
  if (code != ns_r_noerror)
    return absl::UnavailableError("the DNS server refuses, code " + std::to_string(code));
  return absl::OkStatus();
}

struct Seen {
  SrvAnswer answer;
  size_t srv_records = 0;  // also those that name no usable host
};

// One record of the answer section. False when the message ends too early.
bool ReadRecord(Reader& in, Seen& seen) {
  if (!in.Name() || in.left() < kRecordHead) return false;
  const uint16_t type = in.U16(0), record_class = in.U16(2), length = in.U16(8);
  const uint32_t ttl = in.U32(4);
  in.Skip(kRecordHead);
  if (in.left() < length) return false;
  const size_t end = in.at() + length;
  if (type == ns_t_srv && record_class == ns_c_in && length > kSrvHead) {
    SrvRecord record{"", in.U16(4), in.U16(0), in.U16(2)};
    in.Skip(kSrvHead);
    const std::optional<std::string> name = in.Name();
    if (!name || in.at() > end) return false;
    seen.answer.ttl = seen.srv_records == 0 ? ttl : std::min(seen.answer.ttl, ttl);
    ++seen.srv_records;
    if (std::optional<std::string> host = HostName(*name)) {
      record.target = *std::move(host);
      seen.answer.records.push_back(std::move(record));
    }
  }
  in.MoveTo(end);
  return true;
}

}  // namespace

absl::StatusOr<SrvAnswer> DecodeSrvReply(const unsigned char* bytes, size_t size) {
  if (size < kHeaderSize || size > 65535) return absl::InternalError("not a DNS reply");
  RETURN_IF_ERROR(CheckHeader(bytes));
  Reader in(bytes, size);
  const uint16_t questions = in.U16(4), answers = in.U16(6);
  in.Skip(kHeaderSize);
  for (int i = 0; i < questions; ++i) {
    if (!in.Name() || !in.Skip(kQuestionTail)) return absl::InternalError("broken DNS question");
  }
  Seen seen;
  for (int i = 0; i < answers && seen.srv_records < kMostSrvRecords; ++i) {
    if (!ReadRecord(in, seen)) return absl::InternalError("broken DNS record");
  }
  if (seen.srv_records == 0) return absl::NotFoundError("no SRV record of that name in DNS");
  return std::move(seen.answer);
}

}  // namespace innkeeper
