#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/http_server/http_server.h"

namespace innkeeper {

// Percent-decoding (RFC 3986). Nothing for a broken escape, a NUL byte or invalid UTF-8.
std::optional<std::string> PercentDecode(const std::string& text, bool plus_is_blank);

struct Target {
  std::string path;                   // decoded
  std::vector<std::string> segments;  // decoded each on its own: an escaped slash stays inside one
  std::map<std::string, std::string> query;
};
// A request target in origin form. Nothing when it cannot be decoded, has more than 64 segments or
// query keys, or names a key twice: which value counts must not depend on who reads it.
std::optional<Target> ParseTarget(const std::string& target);

class Router {
 public:
  // Of two patterns that match a path, the one that was added first wins.
  void Add(const std::string& method, const std::string& pattern, HttpHandler handler);

  struct Match {
    const HttpHandler* handler = nullptr;  // null: see `allowed`
    std::map<std::string, std::string> captured;
    std::string allowed;  // methods of the path, comma-separated; empty: no such path
  };
  // HEAD finds GET's handler.
  Match Find(const std::string& method, const std::vector<std::string>& segments) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> parts;  // "{name}" captures; "{name}:verb" captures what stands before
    HttpHandler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace innkeeper
