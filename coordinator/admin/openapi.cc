#include "coordinator/admin/openapi.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <nlohmann/json.hpp>

#include "base/descriptors.h"
#include "base/version.h"
#include "coordinator/admin/openapi_schema.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "proto/described.h"

namespace innkeeper {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using nlohmann::ordered_json;

constexpr char kFile[] = "innkeeper/admin/v1/admin.proto";
constexpr char kEmpty[] = "google.protobuf.Empty";

// The generated code knows the same messages, but not their comments.
const FileDescriptor& AdminFile() {
  static const FileDescriptor& file = DescribedFile(AdminDescriptorSet(), kFile);
  return file;
}

DeclaredRoute RouteOf(const MethodDescriptor& method) {
  const std::string route = method.options().GetExtension(admin::v1::route);
  const size_t blank = route.find(' ');
  return {route.substr(0, blank), route.substr(blank + 1)};
}

// "{name}" and the like, in the order of the path.
std::vector<std::string> Captured(const std::string& pattern) {
  std::vector<std::string> names;
  for (size_t at = 0; (at = pattern.find('{', at)) != std::string::npos; ++at) {
    names.push_back(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
  }
  return names;
}

std::string LowerFirst(std::string text) {
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

ordered_json Parameters(const MethodDescriptor& method, const DeclaredRoute& route) {
  ordered_json parameters = ordered_json::array();
  for (const std::string& name : Captured(route.pattern)) {
    parameters.push_back(
        {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  if (route.method != "GET") return parameters;
  for (int i = 0; i < method.input_type()->field_count(); ++i) {
    const FieldDescriptor& field = *method.input_type()->field(i);
    ordered_json parameter{{"name", field.json_name()}, {"in", "query"}};
    if (const std::string said = CommentOf(field); !said.empty()) parameter["description"] = said;
    parameter["schema"] = SchemaOf(field);
    parameters.push_back(parameter);
  }
  return parameters;
}

ordered_json Answer(const MethodDescriptor& method) {
  const std::string media = method.options().GetExtension(admin::v1::media);
  ordered_json content;
  if (!media.empty()) {
    content[media] = {{"schema", {{"type", "string"}}}};
  } else if (method.output_type()->full_name() == kEmpty) {
    content["application/json"] = {{"schema", {{"type", "object"}}}};
  } else {
    content["application/json"] = {{"schema", ReferenceTo(*method.output_type())}};
  }
  if (method.input_type()->FindFieldByName("watch") != nullptr) {
    content["text/event-stream"] = {{"schema", {{"type", "string"}}}};
  }
  return {{"description", "Done."}, {"content", content}};
}

struct Failure {
  const char* status;
  const char* name;
  const char* says;
};
constexpr Failure kFailures[] = {
    {"400", "BadRequest", "The request makes no sense: INVALID_ARGUMENT, OUT_OF_RANGE."},
    {"401", "Unauthenticated", "No certificate, or a token that is not good: UNAUTHENTICATED."},
    {"403", "Denied", "Not for this caller, or refused by policy: PERMISSION_DENIED."},
    {"404", "NotFound", "There is no such thing: NOT_FOUND."},
    {"409", "Conflict", "Not as things are now: ALREADY_EXISTS, ABORTED, FAILED_PRECONDITION."},
    {"429", "TooMuch", "Too often, or beyond a limit: RESOURCE_EXHAUSTED."},
    {"500", "Internal", "Something failed that should not; the log says what: INTERNAL."},
    {"503", "Unavailable", "Not now, try again: UNAVAILABLE."},
    {"504", "Late", "It took too long and may still happen: DEADLINE_EXCEEDED."},
};

ordered_json Answers(const MethodDescriptor& method, const DeclaredRoute& route) {
  ordered_json answers{{"200", Answer(method)}};
  const bool probe = !method.options().GetExtension(admin::v1::media).empty();
  const bool writes = route.method != "GET";
  for (const Failure& failure : kFailures) {
    const std::string status = failure.status;
    if (probe && status != "503") continue;
    if (status == "404" && Captured(route.pattern).empty()) continue;
    if (status == "409" && !writes) continue;
    if (probe) {
      answers[status] = {{"description", "Not well."},
                         {"content", {{"text/plain", {{"schema", {{"type", "string"}}}}}}}};
    } else {
      answers[status] = {{"$ref", std::string("#/components/responses/") + failure.name}};
    }
  }
  return answers;
}

ordered_json Security(const MethodDescriptor& method) {
  switch (method.options().GetExtension(admin::v1::caller)) {
    case admin::v1::CALLER_OPERATOR:
      return ordered_json::array({{{"operatorCertificate", ordered_json::array()}}});
    case admin::v1::CALLER_AGENT:
      return ordered_json::array({{{"agentCertificate", ordered_json::array()}}});
    default:
      return ordered_json::array();
  }
}

ordered_json OperationOf(const MethodDescriptor& method) {
  const DeclaredRoute route = RouteOf(method);
  const std::string said = CommentOf(method);
  const size_t end = said.find_first_of(".;");
  ordered_json operation{{"tags", {method.service()->name()}},
                         {"operationId", LowerFirst(method.name())},
                         {"summary", said.substr(0, end)},
                         {"description", said}};
  const ordered_json parameters = Parameters(method, route);
  if (!parameters.empty()) operation["parameters"] = parameters;
  if (route.method == "POST" && method.input_type()->full_name() != kEmpty) {
    operation["requestBody"] = {
        {"required", true},
        {"content", {{"application/json", {{"schema", ReferenceTo(*method.input_type())}}}}}};
  }
  operation["responses"] = Answers(method, route);
  operation["security"] = Security(method);
  return operation;
}

template <class Use>
void EachMethod(const Use& use) {
  for (int s = 0; s < AdminFile().service_count(); ++s) {
    const ServiceDescriptor& service = *AdminFile().service(s);
    for (int m = 0; m < service.method_count(); ++m) use(*service.method(m));
  }
}

ordered_json Components() {
  ordered_json schemas;
  for (int i = 0; i < AdminFile().message_type_count(); ++i) {
    AddSchemas(*AdminFile().message_type(i), schemas);
  }
  // People and scripts: a typing error must not pass as "not wished". Agents may be newer than we
  // are.
  EachMethod([&](const MethodDescriptor& method) {
    const bool strict =
        method.options().GetExtension(admin::v1::caller) == admin::v1::CALLER_OPERATOR;
    if (!strict || RouteOf(method).method != "POST" || method.input_type()->full_name() == kEmpty)
      return;
    schemas[method.input_type()->name()]["additionalProperties"] = false;
  });
  ordered_json responses;
  for (const Failure& failure : kFailures) {
    responses[failure.name] = {
        {"description", failure.says},
        {"content",
         {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}};
  }
  return {
      {"schemas", schemas},
      {"responses", responses},
      {"securitySchemes",
       {{"operatorCertificate",
         {{"type", "mutualTLS"},
          {"description",
           "A certificate of `innkeeper-coordinator operator issue`. On the unix socket none is "
           "needed: its owner and group decide."}}},
        {"agentCertificate",
         {{"type", "mutualTLS"}, {"description", "A node's certificate, from joining."}}}}}};
}

}  // namespace

std::string OpenApiDocument() {
  ordered_json paths, tags = ordered_json::array();
  for (int s = 0; s < AdminFile().service_count(); ++s) {
    const ServiceDescriptor& service = *AdminFile().service(s);
    tags.push_back({{"name", service.name()}, {"description", CommentOf(service)}});
  }
  EachMethod([&](const MethodDescriptor& method) {
    const DeclaredRoute route = RouteOf(method);
    std::string verb = route.method;
    for (char& c : verb) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    paths[route.pattern][verb] = OperationOf(method);
  });
  const ordered_json document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Innkeeper's admin API"},
        {"version", kVersion},
        {"description", FileCommentOf(AdminFile())},
        {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"servers",
       {{{"url", "https://{host}:{port}"},
         {"description", "listen.api; the same paths, agents' excepted, on the unix socket."},
         {"variables", {{"host", {{"default", "localhost"}}}, {"port", {{"default", "7444"}}}}}}}},
      {"tags", tags},
      {"paths", paths},
      {"components", Components()}};
  return document.dump(2) + "\n";
}

std::vector<DeclaredRoute> DeclaredRoutes() {
  std::vector<DeclaredRoute> routes;
  EachMethod([&](const MethodDescriptor& method) { routes.push_back(RouteOf(method)); });
  return routes;
}

void RouteOpenApi(HttpServer& server) {
  const auto text = std::make_shared<const std::string>(OpenApiDocument());
  server.Route("GET", "/openapi.json", [text](const HttpServerRequest&, const Call&) {
    return HttpServerReply{.body = *text};
  });
}

}  // namespace innkeeper
