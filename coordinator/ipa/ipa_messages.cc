#include "coordinator/ipa/ipa_messages.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace innkeeper {
namespace {

// Zeroes what it gives back, so that neither the parser's buffers nor the tree keep a password.
template <class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}
  T* allocate(size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* at, size_t n) noexcept {
    OPENSSL_cleanse(at, n * sizeof(T));
    std::allocator<T>().deallocate(at, n);
  }
  bool operator==(const WipingAllocator&) const = default;
};
using WipedString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
using Json = nlohmann::basic_json<std::map, std::vector, WipedString>;

constexpr size_t kDeepest = 32;          // FreeIPA's deepest reply has 9 levels
constexpr size_t kLongestMessage = 512;  // bytes kept of a text that is for people

std::string Plain(const WipedString& text) { return std::string(text.data(), text.size()); }

// --- requests

bool IsCleanText(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// False when a text must not be sent. nlohmann would throw on bytes that are not UTF-8.
bool Append(Json& to, const IpaValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    to = WipedString(text->data(), text->size());
    return IsCleanText(*text);
  }
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    to = Json::array();
    for (const std::string& text : *list) to.push_back(WipedString(text.data(), text.size()));
    return std::all_of(list->begin(), list->end(), IsCleanText);
  }
  if (const auto* flag = std::get_if<bool>(&value)) to = *flag;
  if (const auto* number = std::get_if<int64_t>(&value)) to = *number;
  return true;
}

// --- replies

// Brackets outside strings, before any parser sees the bytes.
bool IsShallow(const std::string& body) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > kDeepest) return false;
  }
  return true;
}

const Json* Find(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() ? nullptr : &*at;
}

std::string TextAt(const Json& object, const char* name) {
  const Json* found = Find(object, name);
  return found && found->is_string() ? Plain(found->get_ref<const WipedString&>()) : std::string();
}

std::string MessageAt(const Json& object, const char* name) {
  return TextAt(object, name).substr(0, kLongestMessage);
}

int NumberAt(const Json& object, const char* name) {
  const Json* found = Find(object, name);
  if (!found || !found->is_number_integer()) return 0;
  const int64_t number = found->get<int64_t>();
  return number > 0 && number < 1'000'000 ? static_cast<int>(number) : 0;
}

// One value of an attribute: a text, a scalar, or a wrapped text {"__datetime__": ".."}. Effective
// rights {"userclass": "rscwo"} become "userclass=rscwo", see DecodeEntry.
std::optional<std::string> ValueText(const Json& value) {
  if (value.is_string()) return Plain(value.get_ref<const WipedString&>());
  if (value.is_boolean()) return value.get<bool>() ? "TRUE" : "FALSE";
  if (value.is_number_integer()) return std::to_string(value.get<int64_t>());
  for (const char* wrapper : {"__datetime__", "__base64__", "__dns_name__"}) {
    const Json* inner = Find(value, wrapper);
    if (inner && inner->is_string()) return Plain(inner->get_ref<const WipedString&>());
  }
  return std::nullopt;  // nested objects carry nothing this program needs
}

std::string LowerCase(const WipedString& text) {
  std::string lower = Plain(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

IpaEntry DecodeEntry(const Json& object) {
  IpaEntry entry;
  for (auto at = object.begin(); at != object.end(); ++at) {
    const std::string name = LowerCase(at.key());
    if (name == "randompassword") {
      // A list in some old servers; then its first value.
      const Json& value = at->is_array() && !at->empty() ? at->front() : *at;
      if (value.is_string())
        entry.random_password = Secret(Plain(value.get_ref<const WipedString&>()));
      continue;
    }
    std::vector<std::string>& values = entry.attributes[name];
    const auto add = [&](const Json& value) {
      if (std::optional<std::string> text = ValueText(value)) values.push_back(*std::move(text));
    };
    if (at->is_array()) {
      for (const Json& value : *at) add(value);
    } else if (name == "attributelevelrights" && at->is_object()) {
      for (auto right = at->begin(); right != at->end(); ++right)
        values.push_back(LowerCase(right.key()) + "=" + ValueText(*right).value_or(""));
    } else {
      add(*at);
    }
  }
  return entry;
}

// {"member": {"host": [["name", "reason"]], "hostgroup": []}}, any depth of objects.
void CollectRefusals(const Json& failed, std::vector<IpaRefusal>& to) {
  if (failed.is_object()) {
    for (const Json& inner : failed) CollectRefusals(inner, to);
    return;
  }
  if (!failed.is_array()) return;
  for (const Json& pair : failed) {
    if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
      to.push_back({Plain(pair[0].get_ref<const WipedString&>()),
                    Plain(pair[1].get_ref<const WipedString&>()).substr(0, kLongestMessage)});
  }
}

// What a command returned: {"result": .., "summary": .., "messages": [..], ..}.
absl::StatusOr<IpaAnswer> DecodeAnswer(const Json& object) {
  if (!object.is_object()) return absl::InternalError("FreeIPA's result is not an object");
  IpaAnswer answer;
  answer.summary = MessageAt(object, "summary");
  if (const Json* result = Find(object, "result")) {
    if (result->is_boolean()) answer.flag = result->get<bool>();
    if (result->is_object()) answer.entries.push_back(DecodeEntry(*result));
    if (result->is_array()) {
      for (const Json& entry : *result) {
        if (entry.is_object()) answer.entries.push_back(DecodeEntry(entry));
      }
    }
  }
  if (const Json* cut = Find(object, "truncated"))
    answer.truncated = cut->is_boolean() && cut->get<bool>();
  if (const Json* failed = Find(object, "failed")) CollectRefusals(*failed, answer.refused);
  if (const Json* messages = Find(object, "messages"); messages && messages->is_array()) {
    for (const Json& m : *messages)
      answer.warnings.push_back(
          {NumberAt(m, "code"), MessageAt(m, "name"), MessageAt(m, "message"), ""});
  }
  return answer;
}

// The error of an envelope: an object.
absl::StatusOr<IpaError> DecodeError(const Json& object) {
  IpaError error{NumberAt(object, "code"), MessageAt(object, "name"), MessageAt(object, "message"),
                 ""};
  if (const Json* data = Find(object, "data")) error.field = MessageAt(*data, "name");
  if (error.code == 0) return absl::InternalError("FreeIPA's error has no code");
  return error;
}

// One element of a batch: a result with "error": null, or a flat error.
absl::StatusOr<IpaAnswer> DecodeBatchElement(const Json& object) {
  const Json* text = Find(object, "error");
  if (!text || text->is_null()) return DecodeAnswer(object);
  IpaAnswer answer;
  answer.error = IpaError{NumberAt(object, "error_code"), MessageAt(object, "error_name"),
                          MessageAt(object, "error"), ""};
  if (const Json* details = Find(object, "error_kw"))
    answer.error->field = MessageAt(*details, "name");
  if (answer.error->code == 0)
    return absl::InternalError("FreeIPA's error inside a batch has no code");
  return answer;
}

absl::StatusOr<IpaReply> DecodeBatch(const Json& result, size_t commands) {
  const Json* results = Find(result, "results");
  if (!results || !results->is_array() || results->size() != commands)
    return absl::InternalError("FreeIPA's batch does not answer each call");
  IpaReply reply;
  for (const Json& element : *results) {
    ASSIGN_OR_RETURN(IpaAnswer answer, DecodeBatchElement(element));
    reply.answers.push_back(std::move(answer));
  }
  return reply;
}

absl::StatusOr<IpaReply> DecodeEnvelope(const Json& envelope, size_t commands, uint64_t id) {
  if (!envelope.is_object()) return absl::InternalError("FreeIPA's reply is not a JSON object");
  IpaReply reply;
  if (const Json* error = Find(envelope, "error"); error && !error->is_null()) {
    ASSIGN_OR_RETURN(reply.error, DecodeError(*error));
    return reply;
  }
  const Json* echoed = Find(envelope, "id");
  if (!echoed || !echoed->is_number_unsigned() || echoed->get<uint64_t>() != id)
    return absl::InternalError("FreeIPA answers another request");
  const Json* result = Find(envelope, "result");
  if (!result) return absl::InternalError("FreeIPA's reply has neither result nor error");
  if (commands != 1) return DecodeBatch(*result, commands);
  ASSIGN_OR_RETURN(IpaAnswer answer, DecodeAnswer(*result));
  reply.answers.push_back(std::move(answer));
  return reply;
}

}  // namespace

absl::StatusOr<IpaCommand> EncodeCommand(IpaEffect effect, const std::string& method,
                                         const std::vector<IpaValue>& arguments,
                                         const IpaOptionMap& options) {
  Json list = Json::array();
  Json map = Json::object();
  bool clean = true;
  for (const IpaValue& value : arguments) clean &= Append(list.emplace_back(), value);
  for (const auto& [name, value] : options)
    clean &= Append(map[WipedString(name.data(), name.size())], value);
  map["version"] = kIpaApiVersion;
  if (!clean) return absl::InvalidArgumentError(method + ": a value holds a control character");
  try {
    return IpaCommand{method, Plain(Json::array({list, map}).dump()), effect};
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError(method + ": a value is not UTF-8");
  }
}

std::string EncodeRequest(const std::vector<const IpaCommand*>& commands, uint64_t id) {
  const auto call = [](const IpaCommand& c) {
    return "\"method\":\"" + c.method + "\",\"params\":" + c.params;
  };
  const std::string tail = ",\"id\":" + std::to_string(id) + "}";
  if (commands.size() == 1) return "{" + call(*commands.front()) + tail;
  std::string body = "{\"method\":\"batch\",\"params\":[[[";
  for (const IpaCommand* command : commands) {
    if (command != commands.front()) body += ',';
    body += "{" + call(*command) + "}";
  }
  return body + "]],{\"version\":\"" + kIpaApiVersion + "\"}]" + tail;
}

absl::StatusOr<IpaReply> DecodeReply(std::string& body, size_t commands, uint64_t id) {
  if (!IsShallow(body)) {
    WipeString(body);
    return absl::InternalError("FreeIPA's reply is nested too deeply");
  }
  const Json envelope = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  WipeString(body);
  if (envelope.is_discarded()) return absl::InternalError("FreeIPA's reply is not JSON");
  return DecodeEnvelope(envelope, commands, id);
}

std::string IpaEntry::First(const std::string& name) const {
  const std::vector<std::string>& values = All(name);
  return values.empty() ? std::string() : values.front();
}

const std::vector<std::string>& IpaEntry::All(const std::string& name) const {
  static const std::vector<std::string> kNone;
  const auto at = attributes.find(name);
  return at == attributes.end() ? kNone : at->second;
}

}  // namespace innkeeper
