#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace innkeeper {

// Builds the bytes of a DNS reply to one SRV question.
class DnsReply {
 public:
  explicit DnsReply(const std::string& question, uint16_t id = 0x1234) {
    head_ = U16(id) + U16(0x8580) + U16(1);
    body_ = Name(question) + U16(33) + U16(1);
  }
  void Srv(uint32_t ttl, uint16_t priority, uint16_t weight, uint16_t port,
           const std::string& target) {
    const std::string data = U16(priority) + U16(weight) + U16(port) + Name(target);
    Record(33, ttl, data);
  }
  void Record(uint16_t type, uint32_t ttl, const std::string& data) {
    ++answers_;
    body_ += U16(0xc00c) + U16(type) + U16(1) + U16(static_cast<uint16_t>(ttl >> 16)) +
             U16(static_cast<uint16_t>(ttl)) + U16(static_cast<uint16_t>(data.size())) + data;
  }
  void Code(int code) { head_[3] = static_cast<char>((head_[3] & 0xf0) | code); }
  void Truncated() { head_[2] = static_cast<char>(head_[2] | 0x02); }
  std::string bytes() const { return head_ + U16(answers_) + U16(0) + U16(0) + body_; }

 private:
  static std::string U16(uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
  }
  static std::string Name(const std::string& text) {
    std::string wire;
    for (size_t at = 0; at < text.size();) {
      const size_t dot = std::min(text.find('.', at), text.size());
      if (dot > at) {
        wire += static_cast<char>(dot - at);
        wire += text.substr(at, dot - at);
      }
      at = dot + 1;
    }
    return wire + '\0';
  }

  std::string head_, body_;
  uint16_t answers_ = 0;
};

}  // namespace innkeeper
