#pragma once
// JSON written by hand, for answers whose shape is known. Pure.

#include <string>
#include <string_view>
#include <utility>

namespace innkeeper {

// `text` (UTF-8) as a JSON string, quotes included.
void AppendJsonString(std::string& out, std::string_view text);
std::string JsonString(std::string_view text);

// A JSON Patch (RFC 6902). Paths are JSON pointers, `value` is JSON.
class JsonPatchText {
 public:
  void Add(std::string_view path, std::string_view value) { Operation("add", path, &value); }
  // The whole patch fails where the value is another.
  void Test(std::string_view path, std::string_view value) { Operation("test", path, &value); }
  void Remove(std::string_view path) { Operation("remove", path, nullptr); }
  bool empty() const { return text_.empty(); }
  // "[...]"; "" when there is no operation. What is left is empty.
  std::string Take() {
    if (!empty()) text_ += ']';
    return std::exchange(text_, {});
  }

 private:
  void Operation(std::string_view name, std::string_view path, const std::string_view* value);
  std::string text_;  // without its end
};

}  // namespace innkeeper
