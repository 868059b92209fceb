// Our server and our client over TLS: who is let in, who is believed, and what each side learns.

#include <gmock/gmock.h>

#include <thread>

#include "base/bounded_queue.h"
#include "base/certificate_flaw.h"
#include "base/http_client/http_client.h"
#include "base/http_server/http_server.h"
#include "base/http_server/testing/gate.h"
#include "base/http_server/testing/raw_client.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_pki.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class HttpsTest : public testing::Test {
 protected:
  void Serve(const KeyPair& pair, ClientCertificate demand = ClientCertificate::kNone) {
    absl::StatusOr<std::unique_ptr<HttpServer>> made = HttpServer::Create(
        {.listen = "127.0.0.1:0",
         .tls = ContextOf(pair, demand),
         .on_refused = [this](const std::string& address, const absl::Status& why) {
           refused_.Push({address, FlawOf(why)});
         }});
    ASSERT_TRUE(made.ok()) << made.status();
    server_ = *std::move(made);
    server_->Route("GET", "/peer", [](const auto& request, const Call&) {
      const auto facts = ReadCertificate(request.peer.certificate);
      return HttpServerReply{.body = facts.ok() ? facts->common_name : "nobody"};
    });
    server_->Route("POST", "/echo", [](const auto& request, const Call&) {
      return HttpServerReply{.body = request.body};
    });
    server_->Route("POST", "/gate", [this](const auto&, const Call& call) {
      gate_.Pass(call);
      return HttpServerReply{};
    });
    server_->Route("GET", "/events", [](const auto&, const Call&) {
      HttpServerReply reply;
      reply.body = "first ";
      reply.stream = [](const std::shared_ptr<HttpStream>& stream) { stream->Write("last"); };
      return reply;
    });
    ASSERT_TRUE(server_->Start().ok());
  }
  TlsContext ContextOf(const KeyPair& pair, ClientCertificate demand) {
    const std::string ca = demand == ClientCertificate::kNone ? "" : authority_.certificate();
    absl::StatusOr<TlsContext> context = MakeServerContext(pair, ca, demand);
    IK_CHECK(context.ok());
    return *std::move(context);
  }
  HttpClient::Options Trusting(const TestAuthority& authority) {
    return {.ca_pem = authority.certificate()};
  }
  HttpClient::Options Showing(const KeyPair& pair) {
    HttpClient::Options options = Trusting(authority_);
    options.certificate_file = dir_.Write("client.crt", pair.chain);
    options.key_file = dir_.Write("client.key", std::string(pair.key.Reveal()));
    return options;
  }
  std::unique_ptr<HttpClient> ClientOf(HttpClient::Options options) {
    absl::StatusOr<std::unique_ptr<HttpClient>> client = HttpClient::Create(std::move(options));
    IK_CHECK(client.ok());
    return *std::move(client);
  }
  std::string Url(const std::string& path) { return "https://" + server_->endpoint() + path; }
  absl::StatusOr<HttpReply> Ask(HttpClient& client, const std::string& path = "/peer") {
    return client.Send({.url = Url(path)}, Call::Within(seconds(20)));
  }
  absl::StatusOr<HttpReply> AskOnce(HttpClient::Options options) {
    return Ask(*ClientOf(std::move(options)));
  }
  void ExpectUntrusted(HttpClient::Options options) {
    const absl::Status failure = AskOnce(std::move(options)).status();
    EXPECT_TRUE(absl::IsPermissionDenied(failure)) << failure;
    EXPECT_FALSE(WasSent(failure));
  }

  const TempDir dir_;
  const TestAuthority authority_;
  Gate gate_;
  BoundedQueue<std::pair<std::string, CertificateFlaw>> refused_{16};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpsTest, AClientThatTrustsTheAuthorityIsServed) {
  Serve(authority_.Sign());
  const auto by_pem = AskOnce(Trusting(authority_));
  ASSERT_TRUE(by_pem.ok()) << by_pem.status();
  EXPECT_EQ(by_pem->body, "nobody");
  const auto by_file = AskOnce({.ca_file = dir_.Write("ca.crt", authority_.certificate())});
  EXPECT_TRUE(by_file.ok()) << by_file.status();
}

TEST_F(HttpsTest, ServesTheWholeChainOfAnIntermediateAuthority) {
  Serve(authority_.SignAuthority("below").Sign());
  EXPECT_TRUE(AskOnce(Trusting(authority_)).ok());
}

TEST_F(HttpsTest, TheClientBelievesNoOtherAuthority) {
  Serve(authority_.Sign());
  ExpectUntrusted(Trusting(TestAuthority()));
}

TEST_F(HttpsTest, TheClientBelievesNoOtherHostName) {
  Serve(authority_.Sign({.names = {"other.example.test"}}));
  ExpectUntrusted(Trusting(authority_));
  HttpClient::Options lenient = Trusting(authority_);
  lenient.verify_host_name = false;
  EXPECT_TRUE(AskOnce(lenient).ok());
}

TEST_F(HttpsTest, TheClientBelievesNoCertificateOutsideItsTime) {
  const absl::Time now = absl::Now();
  Serve(authority_.Sign({.from = now - absl::Hours(2), .until = now - absl::Hours(1)}));
  ExpectUntrusted(Trusting(authority_));
}

TEST_F(HttpsTest, TheClientBelievesNoClientCertificateAsAServers) {
  Serve(authority_.Sign({.usage = TestUsage::kClient}));
  ExpectUntrusted(Trusting(authority_));
}

TEST_F(HttpsTest, APinnedKeyIsTheOnlyOneBelieved) {
  const KeyPair pair = authority_.Sign();
  Serve(pair);
  HttpClient::Options pinned = Trusting(authority_);
  pinned.pinned_spki_sha256 = ReadCertificate(pair.chain)->spki_sha256;
  EXPECT_TRUE(AskOnce(pinned).ok());
  pinned.pinned_spki_sha256 = ReadCertificate(authority_.Sign().chain)->spki_sha256;
  ExpectUntrusted(pinned);
}

TEST_F(HttpsTest, AResolvedNameReachesTheServer) {
  Serve(authority_.Sign({.names = {"centre.example.test"}}));
  const std::string port = server_->endpoint().substr(server_->endpoint().rfind(':') + 1);
  HttpClient::Options options = Trusting(authority_);
  options.resolve = {"centre.example.test:" + port + ":127.0.0.1"};
  const auto reply = ClientOf(options)->Send(
      {.url = "https://centre.example.test:" + port + "/peer"}, Call::Within(seconds(20)));
  EXPECT_TRUE(reply.ok()) << reply.status();
}

TEST_F(HttpsTest, MissingFilesAreOurOwnFault) {
  Serve(authority_.Sign());
  EXPECT_TRUE(absl::IsFailedPrecondition(AskOnce({.ca_file = dir_.File("absent")}).status()));
  HttpClient::Options options = Trusting(authority_);
  options.certificate_file = options.key_file = dir_.File("absent");
  EXPECT_TRUE(absl::IsFailedPrecondition(AskOnce(options).status()));
}

TEST_F(HttpsTest, ManyRequestsOfManyThreadsShareThePool) {
  Serve(authority_.Sign());
  const auto client = ClientOf(Trusting(authority_));
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const std::string body(50'000, static_cast<char>('a' + i));
        for (int j = 0; j < 5; ++j) {
          const auto reply = client->Send({.method = "POST", .url = Url("/echo"), .body = body},
                                          Call::Within(seconds(60)));
          if (reply.ok() && reply->body == body) ++served;
        }
      });
    }
  }
  EXPECT_EQ(served, 40);
}

TEST_F(HttpsTest, AStreamEndsProperly) {
  Serve(authority_.Sign());
  std::string seen;
  const auto reply = ClientOf(Trusting(authority_))
                         ->Stream(
                             {.url = Url("/events")},
                             [&](const char* bytes, size_t size) {
                               seen.append(bytes, size);
                               return true;
                             },
                             Call::Within(seconds(20)));
  EXPECT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(seen, "first last");
}

TEST_F(HttpsTest, TheClientGivesUpAtItsDeadlineAndSaysThatItHadSent) {
  Serve(authority_.Sign());
  const auto client = ClientOf(Trusting(authority_));
  ASSERT_TRUE(Ask(*client).ok());
  std::stop_source stop;
  std::jthread canceller([&] {
    gate_.AwaitArrivals(1);
    stop.request_stop();
  });
  const absl::Status cancelled = client
                                     ->Send({.method = "POST", .url = Url("/gate")},
                                            Call::Within(seconds(20), stop.get_token()))
                                     .status();
  EXPECT_TRUE(absl::IsCancelled(cancelled)) << cancelled;
  EXPECT_TRUE(WasSent(cancelled));
  const absl::Status late =
      client->Send({.method = "POST", .url = Url("/gate")}, Call::Within(milliseconds(200)))
          .status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  gate_.Open();
}

TEST_F(HttpsTest, AServerThatHasStoppedWasSentNothing) {
  Serve(authority_.Sign());
  const std::string url = Url("/echo");
  server_->Stop(Call::Within(seconds(5)));
  const absl::Status failure = ClientOf(Trusting(authority_))
                                   ->Send({.method = "POST", .url = url}, Call::Within(seconds(20)))
                                   .status();
  EXPECT_TRUE(absl::IsUnavailable(failure)) << failure;
  EXPECT_FALSE(WasSent(failure));
}

TEST_F(HttpsTest, NewConnectionsGetTheNewCertificateAndOldOnesGoOn) {
  Serve(authority_.Sign());
  const auto old = ClientOf(Trusting(authority_));
  ASSERT_TRUE(Ask(*old).ok());
  const TestAuthority next("next authority");
  server_->ReplaceTls(ContextOf(next.Sign(), ClientCertificate::kNone));
  EXPECT_TRUE(Ask(*old).ok());  // which trusts the old authority alone, so it is the old connection
  EXPECT_TRUE(AskOnce(Trusting(next)).ok());
  ExpectUntrusted(Trusting(authority_));
}

TEST_F(HttpsTest, ARefusedHandshakeIsToldWithItsReason) {
  Serve(authority_.Sign(), ClientCertificate::kOptional);
  const absl::Time now = absl::Now();
  const auto leaf = [](TestUsage usage, absl::Time from) {
    return TestLeaf{.usage = usage, .from = from, .until = from + absl::Hours(1)};
  };
  const absl::Time begun = now - absl::Minutes(1);
  const std::vector<std::pair<KeyPair, CertificateFlaw>> rows = [&] {
    std::vector<std::pair<KeyPair, CertificateFlaw>> all;
    all.emplace_back(TestAuthority().SignClient("x"), CertificateFlaw::kUntrusted);
    all.emplace_back(authority_.Sign(leaf(TestUsage::kClient, now - absl::Hours(2))),
                     CertificateFlaw::kExpired);
    all.emplace_back(authority_.Sign(leaf(TestUsage::kClient, now + absl::Hours(2))),
                     CertificateFlaw::kNotYetValid);
    all.emplace_back(authority_.Sign(leaf(TestUsage::kServer, begun)),
                     CertificateFlaw::kWrongUsage);
    return all;
  }();
  for (const auto& [pair, flaw] : rows) {
    EXPECT_FALSE(AskOnce(Showing(pair)).ok());
    const auto told = refused_.PopUntil(std::chrono::steady_clock::now() + seconds(20), {});
    ASSERT_TRUE(told.has_value()) << NameOf(flaw);
    EXPECT_EQ(told->first, "127.0.0.1");
    EXPECT_STREQ(NameOf(told->second), NameOf(flaw));
  }
  // A connection that fails for another reason is nobody's refusal.
  RawClient(server_->endpoint()).Say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(AskOnce(Trusting(authority_)).ok());
  EXPECT_EQ(refused_.size(), 0u);
}

TEST_F(HttpsTest, TwoHundredRotationsUnderLoadFailNoCall) {
  Serve(authority_.Sign());
  std::atomic<bool> over = false;
  std::atomic<int> served = 0, failed = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&, fresh = i == 0] {
      const auto client = ClientOf(Trusting(authority_));
      while (!over) {
        HttpRequest request{.url = Url("/peer")};
        if (fresh) request.headers = {{"Connection", "close"}};
        const auto reply = client->Send(request, Call::Within(seconds(60)));
        ++(reply.ok() ? served : failed);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    server_->ReplaceTls(ContextOf(authority_.Sign(), ClientCertificate::kNone));
    const int before = served;
    if (i % 20 == 0) {
      while (served == before && failed == 0) std::this_thread::yield();
    }
  }
  over = true;
  callers.clear();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(served, 10);
}

// What the server makes of each client certificate under each demand. Nothing: not let in.
struct Demand {
  ClientCertificate demand;
  std::string shown;
  std::optional<std::string> answer;
};

class ClientCertificateTest : public HttpsTest, public testing::WithParamInterface<Demand> {
 protected:
  HttpClient::Options ClientShowing(const std::string& kind) {
    const absl::Time now = absl::Now();
    if (kind == "none") return Trusting(authority_);
    if (kind == "good") return Showing(authority_.SignClient("node-1"));
    if (kind == "foreign") return Showing(TestAuthority().SignClient("node-1"));
    if (kind == "server's") return Showing(authority_.Sign({.usage = TestUsage::kServer}));
    return Showing(authority_.Sign({.common_name = "node-1",
                                    .usage = TestUsage::kClient,
                                    .from = now - absl::Hours(2),
                                    .until = now - absl::Hours(1)}));
  }
};

TEST_P(ClientCertificateTest, IsJudgedByTheServer) {
  const Demand& row = GetParam();
  Serve(authority_.Sign(), row.demand);
  const absl::StatusOr<HttpReply> reply = AskOnce(ClientShowing(row.shown));
  ASSERT_EQ(reply.ok(), row.answer.has_value()) << reply.status();
  if (row.answer) {
    EXPECT_EQ(reply->body, *row.answer);
  } else {
    EXPECT_TRUE(absl::IsUnavailable(reply.status())) << reply.status();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Matrix, ClientCertificateTest,
    testing::Values(Demand{ClientCertificate::kNone, "none", "nobody"},
                    Demand{ClientCertificate::kNone, "good", "nobody"},
                    Demand{ClientCertificate::kNone, "foreign", "nobody"},
                    Demand{ClientCertificate::kOptional, "none", "nobody"},
                    Demand{ClientCertificate::kOptional, "good", "node-1"},
                    Demand{ClientCertificate::kOptional, "foreign", std::nullopt},
                    Demand{ClientCertificate::kOptional, "expired", std::nullopt},
                    Demand{ClientCertificate::kRequired, "none", std::nullopt},
                    Demand{ClientCertificate::kRequired, "good", "node-1"},
                    Demand{ClientCertificate::kRequired, "foreign", std::nullopt},
                    Demand{ClientCertificate::kRequired, "expired", std::nullopt},
                    Demand{ClientCertificate::kRequired, "server's", std::nullopt}));

// A resumed session must not lose who the client was.
TEST_F(HttpsTest, EveryConnectionOfAClientCarriesItsCertificate) {
  Serve(authority_.Sign(), ClientCertificate::kOptional);
  const auto client = ClientOf(Showing(authority_.SignClient("node-1")));
  for (int i = 0; i < 3; ++i) {
    HttpRequest request{.url = Url("/peer")};
    request.headers = {{"Connection", "close"}};
    const auto reply = client->Send(request, Call::Within(seconds(20)));
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->body, "node-1");
  }
}

}  // namespace
}  // namespace innkeeper
