#include "coordinator/admin/refusal_log.h"

#include <gmock/gmock.h>

#include <fstream>
#include <optional>

#include "base/metrics.h"
#include "base/testing/temp_dir.h"
#include "prometheus/registry.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class RefusalLogTest : public testing::Test {
 protected:
  RefusalLogTest() { Open({.window = std::chrono::hours(1), .peers = 3}); }
  void Open(RefusalLog::Options options) {
    log_.reset();
    log_.emplace(*audit_, registry_, options);
  }
  void Refuse(const std::string& address, CertificateFlaw flaw = CertificateFlaw::kExpired) {
    log_->Certificate(Listener::kApi, flaw,
                      {"unknown", address, "api.connect", "", RefusedCertificate(flaw, "no")});
  }
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    std::ifstream file(dir_.File("audit.log"));
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  bool Eventually(size_t lines) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (Lines().size() != lines && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return Lines().size() == lines;
  }
  // All that was kept back is written now.
  std::vector<std::string> Close() {
    log_.reset();
    return Lines();
  }

  TempDir dir_;
  std::unique_ptr<AuditLog> audit_ = *AuditLog::Open(dir_.File("audit.log"));
  prometheus::Registry registry_;
  std::optional<RefusalLog> log_;
};

TEST_F(RefusalLogTest, TheFirstRefusalIsAuditedAtOnce) {
  Refuse("10.0.0.1");
  EXPECT_TRUE(Eventually(1));
  EXPECT_THAT(Lines(), ElementsAre(AllOf(HasSubstr("10.0.0.1"), HasSubstr("api.connect"))));
}

TEST_F(RefusalLogTest, AFloodIsTwoLinesAndCountedInFull) {
  for (int i = 0; i < 10'000; ++i) Refuse("10.0.0.1");
  EXPECT_THAT(MetricsText(registry_),
              HasSubstr(R"(innkeeper_peers_refused_total{listener="api",reason="expired"} 10000)"));
  const std::vector<std::string> lines = Close();
  EXPECT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines.back(), HasSubstr("(9999 times more)"));
}

TEST_F(RefusalLogTest, ReportsThatWereNotBelievedAreToldApartByNode) {
  for (const char* node : {"node a", "node a", "node b"})
    log_->Report("foreign-order",
                 {node, "", "agents.report", node, absl::PermissionDeniedError("foreign-order")});
  const std::vector<std::string> lines = Close();
  EXPECT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("node a"), HasSubstr("(1 times more)")));
}

TEST_F(RefusalLogTest, AFloodFromManyAddressesIsAFewLines) {
  for (int i = 0; i < 10'000; ++i) Refuse("10.0." + std::to_string(i));
  const std::vector<std::string> lines = Close();
  EXPECT_THAT(lines, SizeIs(3 + 2)) << "three told apart, the others in a line and its count";
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("\"many\""), HasSubstr("(9996 times more)")));
}

TEST_F(RefusalLogTest, ReasonsAreToldApart) {
  Refuse("10.0.0.1", CertificateFlaw::kExpired);
  Refuse("10.0.0.1", CertificateFlaw::kUntrusted);
  EXPECT_THAT(Close(), SizeIs(2));
}

TEST_F(RefusalLogTest, TheNextWindowTellsAnew) {
  Open({.window = std::chrono::milliseconds(1), .peers = 3});
  for (size_t line = 1; line <= 3; ++line) {
    Refuse("10.0.0.1");
    EXPECT_TRUE(Eventually(line));
  }
}

TEST_F(RefusalLogTest, EverySeriesIsBornAtZero) {
  for (const char* series :
       {R"({listener="agents",reason="wrong-usage"} 0)", R"({listener="api",reason="token"} 0)",
        R"({listener="api",reason="not-yet-valid"} 0)"})
    EXPECT_THAT(MetricsText(registry_), HasSubstr(series));
}

TEST(DescribeCertificate, SaysWhatWasShownWhateverItIs) {
  EXPECT_EQ(DescribeCertificate(""), "no certificate");
  EXPECT_EQ(DescribeCertificate("\x1b[31m"), "unreadable certificate");
}

}  // namespace
}  // namespace innkeeper
