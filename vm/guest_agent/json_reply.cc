#include "vm/guest_agent/json_reply.h"

#include <limits>
#include <vector>

#include "absl/strings/escaping.h"
#include "vm/guest_agent/agent_failure.h"

namespace innkeeper {
namespace {

using nlohmann::json;

bool IsBase64Member(const std::string& key) {
  return key == "buf-b64" || key == "out-data" || key == "err-data";
}

// Builds a tree while it counts; returns false, which ends the parse, at the first excess.
class CappedBuilder final : public nlohmann::json_sax<json> {
 public:
  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Refuse("a number exceeds 63 bits");
    }
    return Add(static_cast<int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override {
    const size_t cap = IsBase64Member(key_) ? kReplyBase64Cap : kReplyTextCap;
    if (value.size() > cap) return Refuse("a string is too long");
    return Add(std::move(value));
  }
  bool binary(binary_t&) override { return Refuse("binary"); }
  bool start_object(size_t) override { return Open(json::object()); }
  bool start_array(size_t) override { return Open(json::array()); }
  bool key(string_t& value) override {
    if (value.size() > kReplyTextCap) return Refuse("a key is too long");
    if (open_.back()->contains(value)) return Refuse("a key comes twice");
    key_ = std::move(value);
    return true;
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return Refuse("not JSON");
  }

  json& root() { return root_; }
  const char* why() const { return why_; }

 private:
  bool Refuse(const char* why) {
    why_ = why;
    return false;
  }

  // Where the next value goes, or null when there are too many.
  json* Place(json value) {
    if (++values_ > kReplyValueCap) return nullptr;
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[std::exchange(key_, {})] = std::move(value));
  }

  bool Add(json value) { return Place(std::move(value)) != nullptr || Refuse("too many values"); }

  bool Open(json container) {
    if (open_.size() >= kReplyDepthCap) return Refuse("nested too deeply");
    json* placed = Place(std::move(container));
    if (placed == nullptr) return Refuse("too many values");
    // Stays valid while open: its parent grows only after it was closed.
    open_.push_back(placed);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  json root_;
  std::vector<json*> open_;
  std::string key_;
  size_t values_ = 0;
  const char* why_ = "not JSON";
};

absl::Status AgentRefusal(const json& error) {
  const auto text = error.is_object() ? error.find("desc") : error.end();
  if (!error.is_object() || text == error.end() || !text->is_string()) {
    return AgentError(AgentFailure::kBadAnswer, "an error without a description");
  }
  const auto& message = text->get_ref<const std::string&>();
  return AgentError(ClassifyAgentText(message), message);
}

}  // namespace

absl::StatusOr<json> DecodeReply(const std::string& reply) {
  if (reply.size() > kReplyCap) {
    return AgentError(AgentFailure::kTooLarge, std::to_string(reply.size()) + " bytes");
  }
  CappedBuilder builder;
  if (!json::sax_parse(reply, &builder)) {
    return AgentError(AgentFailure::kBadAnswer, builder.why());
  }
  json& root = builder.root();
  if (!root.is_object()) return AgentError(AgentFailure::kBadAnswer, "not an object");
  const auto value = root.find("return");
  const auto error = root.find("error");
  if (value != root.end() && error == root.end()) return std::move(*value);
  if (error != root.end() && value == root.end()) return AgentRefusal(*error);
  return AgentError(AgentFailure::kBadAnswer, "neither a result nor an error");
}

absl::StatusOr<std::string> DecodeBase64(const std::string& text) {
  // absl's decoder forgives white space and missing padding: only what encodes back to the very
  // same text is taken.
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) || absl::Base64Escape(bytes) != text) {
    return AgentError(AgentFailure::kBadAnswer, "not base64");
  }
  return bytes;
}

}  // namespace innkeeper
