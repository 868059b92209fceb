#include "coordinator/admission/prepared_record.h"

#include "coordinator/admission/json_fields.h"
#include "coordinator/admission/json_text.h"

namespace innkeeper {
namespace {

bool TakeOriginal(ondemand::value original, UserDataSource& into) {
  return EachField(original, [&](std::string_view key, ondemand::value value) {
    if (key == "userData") return Take(value, into.text);
    if (key == "userDataBase64") return Take(value, into.base64);
    return key == "secretRef" && Take(value, into.secret);
  });
}

bool TakeRecord(ondemand::document& document, PreparedRecord& record) {
  return EachField(document, [&](std::string_view key, ondemand::value value) {
    if (key == "joinSecret") return Take(value, record.secrets.join);
    if (key == "userDataSecret") return Take(value, record.secrets.user_data);
    return key == "original" && TakeOriginal(value, record.original);
  });
}

}  // namespace

std::string PreparedRecord::Text() const {
  std::string out = R"({"joinSecret":)" + JsonString(secrets.join);
  if (secrets.user_data.empty()) return out + "}";
  out += R"(,"userDataSecret":)" + JsonString(secrets.user_data) + R"(,"original":{)";
  if (original.text) {
    out += R"("userData":)" + JsonString(*original.text);
  } else if (original.base64) {
    out += R"("userDataBase64":)" + JsonString(*original.base64);
  } else if (original.secret) {
    out += R"("secretRef":)" + JsonString(*original.secret);
  }
  return out + "}}";
}

std::optional<PreparedRecord> ParsePreparedRecord(std::string_view text) {
  const simdjson::padded_string padded(text);
  thread_local ondemand::parser parser;
  ondemand::document document;
  PreparedRecord record;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return std::nullopt;
  if (!TakeRecord(document, record) || record.Text() != text) return std::nullopt;
  return record;
}

}  // namespace innkeeper
