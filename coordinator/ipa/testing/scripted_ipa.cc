#include "coordinator/ipa/testing/scripted_ipa.h"

#include <nlohmann/json.hpp>

namespace innkeeper {

using Json = nlohmann::json;

HttpReply LoginAccepted(const std::string& cookie) {
  HttpReply reply;
  reply.status = 200;
  reply.headers = {{"content-type", "text/x-python"},
                   {"set-cookie", "ipa_session=" + cookie + ";path=/ipa;httponly;secure;"}};
  return reply;
}

HttpReply LoginRefused(const std::string& reason) {
  HttpReply reply;
  reply.status = 401;
  reply.headers = {{"x-ipa-rejection-reason", reason}, {"content-type", "text/html"}};
  reply.body = "<html><h1>Invalid Authentication</h1></html>";
  return reply;
}

HttpReply SessionExpired() {
  HttpReply reply;
  reply.status = 401;
  reply.headers = {{"set-cookie", "ipa_session=;Max-Age=0;path=/ipa;httponly;secure;"}};
  return reply;
}

HttpReply CookieUnknown() {
  HttpReply reply;
  reply.status = 401;
  reply.headers = {{"www-authenticate", "Negotiate"}, {"content-type", "text/html"}};
  reply.body = "<!DOCTYPE html><html>Identity Management</html>";
  return reply;
}

HttpReply ServerError(int status) {
  HttpReply reply;
  reply.status = status;
  reply.headers = {{"content-type", "text/html; charset=iso-8859-1"}};
  reply.body = "<html><title>" + std::to_string(status) + "</title></html>";
  return reply;
}

HttpReply IpaJson(std::string body) {
  HttpReply reply;
  reply.status = 200;
  reply.headers = {{"content-type", "application/json; charset=utf-8"}};
  reply.body = std::move(body);
  return reply;
}

std::string HostJson(const std::string& fqdn, const std::string& more) {
  return R"({"result":{"fqdn":[")" + fqdn + R"("],"has_password":true,"has_keytab":false)" + more +
         R"(},"value":")" + fqdn + R"(","summary":null})";
}

absl::StatusOr<HttpReply> ScriptedIpa::Answer(const HttpRequest& request, const Call& call) {
  if (intercept) {
    if (auto answer = intercept(request, call)) return *std::move(answer);
  }
  const std::string cookie = "MagBearerToken=g" + std::to_string(generation_) + "%3d";
  if (request.url.find("/session/login") != std::string::npos) {
    ++logins_;
    return LoginAccepted(cookie);
  }
  for (const auto& [name, value] : request.headers) {
    if (name == "Cookie" && value == "ipa_session=" + cookie)
      return IpaJson(Envelope(request.body));
  }
  return SessionExpired();
}

std::string ScriptedIpa::Envelope(const std::string& body) {
  const Json request = Json::parse(body);
  const auto run = [&](const Json& call) {
    return command_(call.at("method").get<std::string>(), call.at("params").dump());
  };
  Json reply{{"error", nullptr},
             {"id", request.at("id")},
             {"principal", "x@EXAMPLE.TEST"},
             {"version", "4.12.4"}};
  if (request.at("method") != "batch") {
    const Result result = run(request);
    if (result.code == 0) {
      reply["result"] = Json::parse(result.object);
    } else {
      reply["result"] = nullptr;
      reply["error"] = {{"code", result.code},
                        {"name", result.name},
                        {"message", result.message},
                        {"data", {{"name", result.field}}}};
    }
    return reply.dump();
  }
  Json results = Json::array();
  for (const Json& call : request.at("params").at(0).at(0)) {
    const Result result = run(call);
    Json element;
    if (result.code == 0) {
      element = Json::parse(result.object);
      element["error"] = nullptr;
    } else {
      element = {{"error", result.message},
                 {"error_code", result.code},
                 {"error_name", result.name},
                 {"error_kw", {{"name", result.field}}}};
    }
    results.push_back(element);
  }
  reply["result"] = {{"count", results.size()}, {"results", results}};
  return reply.dump();
}

}  // namespace innkeeper
