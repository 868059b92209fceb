#include "base/health.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "base/testing/fake_clock.h"

namespace innkeeper {
namespace {

// Answers a path without any socket.
class FakeHttpServer final : public HttpServer {
 public:
  void Route(const std::string& method, const std::string& pattern, HttpHandler handler) override {
    routes_[method + " " + pattern] = std::move(handler);
  }
  absl::Status Start() override { return absl::OkStatus(); }
  void ReplaceTls(TlsContext) override {}
  void Stop(const Call&) override {}
  std::string endpoint() const override { return "127.0.0.1:0"; }

  HttpServerReply Get(const std::string& path, std::map<std::string, std::string> query = {}) {
    HttpServerRequest request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    return routes_.at("GET " + path)(request, Call::Within(std::chrono::seconds(1)));
  }

 private:
  std::map<std::string, HttpHandler> routes_;
};

class HealthTest : public testing::Test {
 protected:
  HealthTest() { health_.RouteOn(server_); }
  void AddPart(const std::string& name, Need need, absl::Status state) {
    health_.Add(name, need, [state] { return state; });
  }

  FakeClock clock_;
  Health health_{clock_, std::chrono::seconds(30)};
  FakeHttpServer server_;
};

TEST_F(HealthTest, IsAliveWhileTheLoopBeats) {
  EXPECT_EQ(server_.Get("/livez").status, 200);
  clock_.Advance(std::chrono::seconds(31));
  EXPECT_EQ(server_.Get("/livez").status, 503);
  EXPECT_EQ(server_.Get("/healthz").status, 503);
  health_.Beat();
  EXPECT_EQ(server_.Get("/livez").status, 200);
}

TEST_F(HealthTest, IsNotFooledByTheWallClock) {
  clock_.Jump(absl::Hours(24));
  EXPECT_TRUE(health_.Alive());
}

TEST_F(HealthTest, IsReadyWhenAllRequiredPartsAre) {
  EXPECT_EQ(server_.Get("/readyz").status, 200);
  AddPart("store", Need::kRequired, absl::OkStatus());
  AddPart("ipa", Need::kInformative, absl::UnavailableError("no server answers"));
  EXPECT_EQ(server_.Get("/readyz").status, 200);
  AddPart("leader", Need::kRequired, absl::UnavailableError("not elected"));
  const HttpServerReply reply = server_.Get("/readyz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "not ready\n");
}

TEST_F(HealthTest, ListsEachPartWhenAsked) {
  AddPart("store", Need::kRequired, absl::OkStatus());
  AddPart("ipa", Need::kInformative, absl::UnavailableError("no server\nanswers"));
  AddPart("leader", Need::kRequired, absl::UnavailableError("not elected"));
  EXPECT_EQ(server_.Get("/readyz", {{"verbose", ""}}).body,
            "[+]store ok\n[~]ipa no server answers\n[-]leader not elected\nnot ready\n");
}

// A dead backend makes us unready, never dead: a restart would not mend it.
TEST_F(HealthTest, StaysAliveWhenAPartFails) {
  AddPart("ipa", Need::kRequired, absl::UnavailableError("no server answers"));
  EXPECT_EQ(server_.Get("/livez").status, 200);
}

}  // namespace
}  // namespace innkeeper
