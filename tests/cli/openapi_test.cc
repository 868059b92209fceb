// The OpenAPI document against the routes that are really there and the answers they really give.

#include "coordinator/admin/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/http_client/http_client.h"
#include "base/testing/json_schema.h"
#include "tests/cli/testing/admin_server.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::IsEmpty;

// Knows which routes it was given.
class RouteList final : public HttpServer {
 public:
  void Route(const std::string& method, const std::string& pattern, HttpHandler) override {
    routes.insert({method, pattern});
  }
  absl::Status Start() override { return absl::OkStatus(); }
  void ReplaceTls(TlsContext) override {}
  void Stop(const Call&) override {}
  std::string endpoint() const override { return ""; }
  std::set<DeclaredRoute> routes;
};

class OpenApiTest : public testing::Test {
 protected:
  OpenApiTest() {
    HttpClient::Options options;
    options.unix_socket = server_.address().substr(std::string("unix:").size());
    http_ = *HttpClient::Create(std::move(options));
    server_.world()->AddVm("web");
    server_.world()->AddVm("db");
    server_.world()->ipa.directory().PutHost(Foreign("db.lab.example.test"));
    server_.world()->Settle();
    admin::v1::Node node;
    node.set_name("host1");
    node.set_domains(2);
    server_.AddNode(node);
  }
  static HostRecord Foreign(const std::string& name) {
    HostRecord host;
    host.fqdn = {name};
    host.user_classes = {"theirs"};
    return host;
  }
  // The answer to "METHOD /path", which must be of that status.
  json Ask(const std::string& method, const std::string& path, long status = 200,
           const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.url = "http://innkeeper" + path;
    request.body = body;
    const absl::StatusOr<HttpReply> reply =
        http_->Send(std::move(request), Call::Within(std::chrono::seconds(10)));
    EXPECT_TRUE(reply.ok()) << method << " " << path;
    if (!reply.ok()) return json();
    EXPECT_EQ(reply->status, status) << method << " " << path << ": " << reply->body;
    return json::parse(reply->body, nullptr, false);
  }
  // What is wrong with an answer, by the schema that the document gives for it.
  std::vector<std::string> Judge(const std::string& pattern, const std::string& method,
                                 const json& answer) {
    const json& schema = document_["paths"][pattern][method]["responses"]["200"]["content"]
                                  ["application/json"]["schema"];
    return JsonSchema(document_).Check(schema, answer);
  }
  AdminServer server_;
  std::unique_ptr<HttpClient> http_;
  const json document_ = json::parse(OpenApiDocument());
};

TEST_F(OpenApiTest, NamesEveryRouteThatIsRegisteredAndNoOther) {
  RouteList registered;
  server_.RouteOn(registered);
  const std::vector<DeclaredRoute> declared = DeclaredRoutes();
  EXPECT_EQ(std::set<DeclaredRoute>(declared.begin(), declared.end()), registered.routes);
  size_t operations = 0;
  for (const auto& [path, methods] : document_["paths"].items()) operations += methods.size();
  EXPECT_EQ(operations, registered.routes.size());
}

TEST_F(OpenApiTest, EveryAnswerIsAsItsSchemaSays) {
  const std::string guests = "/v1/guests", one = guests + "/{namespace}/{name}";
  EXPECT_THAT(Judge(guests, "get", Ask("GET", guests)), IsEmpty());
  EXPECT_THAT(Judge(one, "get", Ask("GET", "/v1/guests/lab/web")), IsEmpty());
  for (const std::string verb : {":enroll", ":verify", ":unenroll"}) {
    EXPECT_THAT(Judge(one + verb, "post", Ask("POST", "/v1/guests/lab/web" + verb)), IsEmpty());
  }
  for (const std::string path :
       {"/v1/events", "/v1/nodes", "/v1/tokens", "/v1/audit", "/v1/operation", "/v1/version",
        "/v1/authorities", "/v1/joiner-hosts"}) {
    EXPECT_THAT(Judge(path, "get", Ask("GET", path)), IsEmpty());
  }
  for (const std::string path :
       {"/v1/operation:pause", "/v1/operation:resume", "/v1/operation:release-brake",
        "/v1/audit:adopt", "/v1/joiner-hosts:adopt"}) {
    EXPECT_THAT(Judge(path, "post", Ask("POST", path)), IsEmpty());
  }
  const json token = Ask("POST", "/v1/tokens", 200, R"({"namespace":"lab","valid":"60s"})");
  EXPECT_THAT(Judge("/v1/tokens", "post", token), IsEmpty());
  EXPECT_THAT(Judge("/v1/nodes/{name}:revoke", "post", Ask("POST", "/v1/nodes/host1:revoke")),
              IsEmpty());
  const std::string authority = "/v1/authorities/{name}:";
  const json prepared = Ask("POST", "/v1/authorities/coordinator:prepare");
  EXPECT_THAT(Judge(authority + "prepare", "post", prepared), IsEmpty());
  EXPECT_EQ(prepared["unawareNodes"], json{"host1"});
  Ask("POST", "/v1/authorities/coordinator:promote", 409);
  EXPECT_THAT(Judge(authority + "promote", "post",
                    Ask("POST", "/v1/authorities/coordinator:promote", 200, R"({"force":true})")),
              IsEmpty());
  const json operator_ = Ask("POST", "/v1/operators", 200, R"({"name":"anna"})");
  EXPECT_THAT(Judge("/v1/operators", "post", operator_), IsEmpty());
}

TEST_F(OpenApiTest, NamesWhatTheServerWritesAndOmitsNothingOfIt) {
  const json guest = Ask("GET", "/v1/guests/lab/web");
  EXPECT_EQ(guest["status"]["fqdn"], "web.lab.example.test");
  EXPECT_TRUE(guest["status"].contains("keytabSince")) << guest.dump(1);
  json odd = guest;
  odd["status"]["keytab_since"] = "2026-01-01T00:00:00Z";
  odd["created"] = "yesterday";
  EXPECT_EQ(Judge("/v1/guests/{namespace}/{name}", "get", odd).size(), 2u) << "the check sees it";
}

TEST_F(OpenApiTest, ErrorsAreOfTheirSchemaAndOfTheirStatus) {
  const json schema{{"$ref", "#/components/schemas/Error"}};
  for (const json& error :
       {Ask("GET", "/v1/guests/lab/nobody", 404), Ask("GET", "/v1/nothing", 404),
        Ask("DELETE", "/v1/guests", 405), Ask("POST", "/v1/nodes/nobody:revoke", 404),
        Ask("POST", "/v1/authorities/everybody:prepare", 404),
        Ask("POST", "/v1/authorities/agents:promote", 409),
        Ask("POST", "/v1/guests/lab/web:enroll", 400, R"({"fqdnn":"typo"})")}) {
    EXPECT_THAT(JsonSchema(document_).Check(schema, error), IsEmpty());
    EXPECT_FALSE(error["error"]["message"].get<std::string>().empty());
  }
}

TEST_F(OpenApiTest, EverythingIsDescribedAndEveryReferenceHolds) {
  for (const auto& [path, methods] : document_["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      EXPECT_FALSE(operation["description"].get<std::string>().empty()) << method << " " << path;
      EXPECT_TRUE(operation.contains("security")) << method << " " << path;
    }
  }
  const std::string text = document_.dump();
  const std::string mark = "\"#/components/";
  for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += mark.size()) {
    const std::string pointer = text.substr(at + 2, text.find('"', at + 1) - at - 2);
    EXPECT_TRUE(document_.contains(json::json_pointer(pointer))) << pointer;
  }
}

TEST_F(OpenApiTest, TheServerServesIt) { EXPECT_EQ(Ask("GET", "/openapi.json"), document_); }

}  // namespace
}  // namespace innkeeper
