#include "coordinator/kube/kube_decode.h"

#include <simdjson.h>

#include <string_view>
#include <utility>

#include "coordinator/kube/kube_failure.h"

namespace innkeeper {
namespace {

using simdjson::ondemand::document;
using simdjson::ondemand::field;
using simdjson::ondemand::json_type;
using simdjson::ondemand::object;
using simdjson::ondemand::value;

constexpr size_t kPadding = 64;  // bytes: kube_client.h; more than simdjson's own
static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
constexpr size_t kKeptBuffer = 1 << 20;  // bytes: a buffer that grew larger is given back

absl::Status Garbled(const std::string& what) {
  return absl::UnavailableError("the server's answer is no " + what);
}

// The text of an object; an empty one when it is none.
std::string_view RawObject(value& from) {
  json_type type{};
  std::string_view raw;
  if (from.type().get(type) != simdjson::SUCCESS || type != json_type::object) return {};
  if (simdjson::to_json_string(from).get(raw) != simdjson::SUCCESS) return {};
  return raw;
}

bool ReadMetadata(value& from, KubePage& page) {
  object metadata;
  if (from.get_object().get(metadata) != simdjson::SUCCESS) return false;
  for (auto each : metadata) {
    field one;
    std::string_view key, text;
    if (std::move(each).get(one) != simdjson::SUCCESS) return false;
    if (one.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    std::string* const to = key == "resourceVersion" ? &page.resource_version
                            : key == "continue"      ? &page.next
                                                     : nullptr;
    if (to == nullptr) continue;
    if (one.value().get_string().get(text) != simdjson::SUCCESS) return false;
    *to = text;
  }
  return true;
}

absl::Status ReadItems(value& from, const KubeSink& each) {
  json_type type{};
  if (from.type().get(type) != simdjson::SUCCESS) return Garbled("list");
  if (type == json_type::null) return absl::OkStatus();  // how Go writes an empty list
  simdjson::ondemand::array items;
  if (from.get_array().get(items) != simdjson::SUCCESS) return Garbled("list");
  for (auto item : items) {
    value one;
    if (std::move(item).get(one) != simdjson::SUCCESS) return Garbled("list");
    const std::string_view raw = RawObject(one);
    if (raw.empty()) return Garbled("list");
    RETURN_IF_ERROR(each(KubeChange::kAdded, raw));
  }
  return absl::OkStatus();
}

KubeChange ChangeOf(std::string_view type, bool& known) {
  known = true;
  if (type == "ADDED") return KubeChange::kAdded;
  if (type == "MODIFIED") return KubeChange::kModified;
  if (type == "DELETED") return KubeChange::kDeleted;
  known = type == "BOOKMARK";
  return KubeChange::kBookmark;
}

absl::Status ServerError(std::string_view status) {
  // The code stands in the object: the HTTP status was 200.
  KubeFailure failure = ParseKubeFailure(500, status);
  simdjson::ondemand::parser parser;
  document parsed;
  int64_t code = 0;
  const simdjson::padded_string text(status);
  if (parser.iterate(text).get(parsed) == simdjson::SUCCESS &&
      parsed.find_field_unordered("code").get_int64().get(code) == simdjson::SUCCESS &&
      code >= 400 && code < 600) {
    failure.code = static_cast<int>(code);
  }
  return KubeStatus(failure, "watch");
}

absl::StatusOr<KubePage> ReadPage(document& list, const KubeSink& each) {
  KubePage page;
  object top;
  bool items = false;
  if (list.get_object().get(top) != simdjson::SUCCESS) return Garbled("list");
  for (auto entry : top) {
    field one;
    std::string_view key;
    if (std::move(entry).get(one) != simdjson::SUCCESS) return Garbled("list");
    if (one.unescaped_key().get(key) != simdjson::SUCCESS) return Garbled("list");
    if (key == "metadata" && !ReadMetadata(one.value(), page)) return Garbled("list");
    if (key == "items") {
      items = true;
      RETURN_IF_ERROR(ReadItems(one.value(), each));
    }
  }
  if (!items || page.resource_version.empty()) return Garbled("list");
  return page;
}

}  // namespace

absl::StatusOr<KubePage> DecodePage(std::string& body, const KubeSink& each) {
  body.reserve(body.size() + kPadding);
  simdjson::ondemand::parser parser;
  document list;
  if (parser.iterate(body.data(), body.size(), body.capacity()).get(list) != simdjson::SUCCESS)
    return Garbled("list");
  return ReadPage(list, each);
}

struct WatchDecoder::Parser {
  simdjson::ondemand::parser json;
};

WatchDecoder::WatchDecoder(const KubeSink& each, size_t event_cap)
    : each_(each), event_cap_(event_cap), parser_(std::make_unique<Parser>()) {}
WatchDecoder::~WatchDecoder() = default;

absl::Status WatchDecoder::Feed(const char* bytes, size_t size) {
  buffer_.append(bytes, size);
  buffer_.reserve(buffer_.size() + kPadding);
  size_t start = 0;
  for (size_t end = buffer_.find('\n', searched_); end != std::string::npos;
       end = buffer_.find('\n', start)) {
    if (end - start > event_cap_) break;
    if (end > start) RETURN_IF_ERROR(TakeLine(start, end));
    start = end + 1;
  }
  buffer_.erase(0, start);
  if (buffer_.size() > event_cap_) {
    return absl::ResourceExhaustedError("an event of the watch is larger than " +
                                        std::to_string(event_cap_) + " bytes");
  }
  searched_ = buffer_.size();
  if (buffer_.empty() && buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
  return absl::OkStatus();
}

absl::Status WatchDecoder::TakeLine(size_t start, size_t end) {
  document event;
  object top;
  if (parser_->json.iterate(buffer_.data() + start, end - start, buffer_.capacity() - start)
          .get(event) != simdjson::SUCCESS) {
    return Garbled("watch event");
  }
  if (event.get_object().get(top) != simdjson::SUCCESS) return Garbled("watch event");
  std::string type;
  std::string_view raw;
  for (auto entry : top) {
    field one;
    std::string_view key, text;
    if (std::move(entry).get(one) != simdjson::SUCCESS) return Garbled("watch event");
    if (one.unescaped_key().get(key) != simdjson::SUCCESS) return Garbled("watch event");
    if (key == "type") {
      if (one.value().get_string().get(text) != simdjson::SUCCESS) return Garbled("watch event");
      type = text;
    } else if (key == "object") {
      raw = RawObject(one.value());
    }
  }
  if (raw.empty()) return Garbled("watch event");
  if (type == "ERROR") return ServerError(raw);
  bool known = false;
  const KubeChange change = ChangeOf(type, known);
  return known ? each_(change, raw) : Garbled("watch event");
}

absl::Status WatchDecoder::End() const {
  return buffer_.empty() ? absl::OkStatus()
                         : absl::UnavailableError("the watch was cut in the middle of an event");
}

}  // namespace innkeeper
