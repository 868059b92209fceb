#pragma once
// The admin API as an OpenAPI 3.1 document, written from admin.proto: its services are the paths,
// its messages the schemas, its comments the descriptions. Nothing of it is kept by hand.

#include <string>
#include <vector>

#include "base/http_server/http_server.h"

namespace innkeeper {

// The document, JSON with two blanks of indentation. Any thread, never fails; a few milliseconds.
std::string OpenApiDocument();

// A route as admin.proto declares it.
struct DeclaredRoute {
  std::string method;   // "GET"
  std::string pattern;  // "/v1/guests/{namespace}/{name}:enroll"
  bool operator==(const DeclaredRoute&) const = default;
  auto operator<=>(const DeclaredRoute&) const = default;
};
std::vector<DeclaredRoute> DeclaredRoutes();

// GET /openapi.json, for anybody: it says nothing that this repository does not.
void RouteOpenApi(HttpServer& server);

}  // namespace innkeeper
