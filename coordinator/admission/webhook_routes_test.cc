// The webhook over a real connection with TLS, as the API server calls it.

#include "coordinator/admission/webhook_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/http_client/http_client.h"
#include "base/metrics.h"
#include "base/testing/test_pki.h"
#include "coordinator/admission/testing/vm_builder.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

class WebhookRoutes : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<TlsContext> tls =
        MakeServerContext(authority_.Sign(), "", ClientCertificate::kNone);
    ASSERT_TRUE(tls.ok());
    auto made = HttpServer::Create(WebhookServerOptions("127.0.0.1:0", *tls));
    ASSERT_TRUE(made.ok());
    server_ = *std::move(made);
    RouteWebhooks(*server_, admission_, metrics_, clock_);
    ASSERT_TRUE(server_->Start().ok());
    auto client = HttpClient::Create({.ca_pem = authority_.certificate()});
    ASSERT_TRUE(client.ok());
    client_ = *std::move(client);
  }
  HttpReply Post(const std::string& body, const std::string& type = "application/json") {
    HttpRequest request{.method = "POST", .url = Url("/mutate-virtualmachine")};
    request.headers = {{"Content-Type", type}};
    request.body = body;
    const absl::StatusOr<HttpReply> reply = client_->Send(request, Call::Within(seconds(20)));
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? *reply : HttpReply{};
  }
  std::string Url(const std::string& path) { return "https://" + server_->endpoint() + path; }
  double Counted(const std::string& result) {
    const std::string text = MetricsText(registry_);
    const std::string series = "innkeeper_admission_reviews_total{result=\"" + result + "\"} ";
    const size_t at = text.find(series);
    EXPECT_NE(at, std::string::npos) << text;
    return std::stod(text.substr(at + series.size()));
  }

  const TestAuthority authority_;
  const RealClock clock_;
  prometheus::Registry registry_;
  AdmissionMetrics metrics_{registry_};
  OptInSets index_;
  VmAdmission admission_{index_, AdmissionRules{}};
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(WebhookRoutes, AReviewIsAnsweredByAReview) {
  const HttpReply reply = Post(CreateReview(LabelledVm()));
  EXPECT_EQ(reply.status, 200);
  const json response = json::parse(reply.body).at("response");
  EXPECT_EQ(response["allowed"], true);
  EXPECT_EQ(response["patchType"], "JSONPatch");
  EXPECT_EQ(Counted("prepared"), 1);
  EXPECT_THAT(MetricsText(registry_), HasSubstr("innkeeper_admission_seconds_count 1"));
}

TEST_F(WebhookRoutes, ARefusalIsAnAnswerToo) {
  AdmissionRules rules;
  rules.naming.domain = "example.test";
  admission_.SetRules(rules);
  const json vm = Labelled(VmWith(json(), std::string(61, 'n')));
  const HttpReply reply = Post(CreateReview(vm));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json::parse(reply.body)["response"]["allowed"], false);
  EXPECT_EQ(Counted("refused"), 1);
}

TEST_F(WebhookRoutes, WhatIsNoReviewIsTheCallersMistake) {
  const std::string good = CreateReview(LabelledVm());
  json beta = json::parse(good);
  beta["apiVersion"] = "admission.k8s.io/v1beta1";
  EXPECT_EQ(Post("").status, 400);
  EXPECT_EQ(Post("{").status, 400);
  EXPECT_EQ(Post(R"({"kind":"Pod"})").status, 400);
  const HttpReply old = Post(beta.dump());
  EXPECT_EQ(old.status, 400);
  EXPECT_THAT(old.body, HasSubstr("admission.k8s.io/v1"));
  EXPECT_EQ(Post(good, "text/plain").status, 415);
  EXPECT_EQ(Post(good, "application/json; charset=utf-8").status, 200);
  EXPECT_EQ(Counted("malformed"), 5);
}

TEST_F(WebhookRoutes, ABodyOverTheCapIsRefusedAndALargeOneIsNot) {
  json vm = LabelledVm();
  vm["metadata"]["annotations"]["large"] = std::string(3u << 20, 'x');
  EXPECT_EQ(Post(UpdateReview(vm, vm)).status, 200);
  EXPECT_EQ(Post(std::string((8u << 20) + 1, ' ')).status, 413);
}

TEST_F(WebhookRoutes, OtherMethodsAndPathsAreNot) {
  const auto get = [&](const std::string& path) {
    return client_->Send({.url = Url(path)}, Call::Within(seconds(20)))->status;
  };
  EXPECT_EQ(get("/mutate-virtualmachine"), 405);
  EXPECT_EQ(get("/mutate"), 404);
  EXPECT_EQ(get("/healthz"), 200);
}

TEST_F(WebhookRoutes, ManyCallersAtOnceEachGetTheirOwnAnswer) {
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([this, i] {
      for (int k = 0; k < 20; ++k) {
        json review = json::parse(CreateReview(LabelledVm()));
        const std::string uid = std::to_string(i) + "-" + std::to_string(k);
        review["request"]["uid"] = uid;
        EXPECT_EQ(json::parse(Post(review.dump()).body)["response"]["uid"], uid);
      }
    });
  }
  callers.clear();
  EXPECT_EQ(Counted("prepared"), 160);
}

}  // namespace
}  // namespace innkeeper
