// The rules of the house for metrics, held against all families of both programs.

#include "coordinator/metrics_reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_split.h"
#include "agent/agent_metrics.h"

namespace innkeeper {
namespace {

struct Row {
  std::string name, type, labels, help;
};

// The cells of each row: "| `name` | type | labels | help |".
std::vector<Row> RowsOf(const std::string& page) {
  std::vector<Row> rows;
  const std::vector<std::string> lines = absl::StrSplit(page, '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (!line.starts_with("| `") || cells.size() != 4) continue;
    rows.push_back({cells[0].substr(3, cells[0].size() - 4), cells[1], cells[2],
                    cells[3].substr(0, cells[3].size() - 2)});
  }
  return rows;
}

// "`state`: off, on; `kind`: join" as {state: {off, on}, kind: {join}}.
std::map<std::string, std::vector<std::string>> LabelsOf(const Row& row) {
  std::map<std::string, std::vector<std::string>> labels;
  const std::vector<std::string> parts = absl::StrSplit(row.labels, "; ", absl::SkipWhitespace());
  for (const std::string& part : parts) {
    const size_t end = part.find('`', 1);
    labels[part.substr(1, end - 1)] = absl::StrSplit(part.substr(end + 3), ", ");
  }
  return labels;
}

bool IsWord(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalpha(c) || c == '-' || c == '_';
  });
}

class MetricsReference : public testing::TestWithParam<std::string (*)()> {};

TEST_P(MetricsReference, EveryMetricIsNamedExplainedAndClosed) {
  // What a label may tell: nothing of a guest, a node or a peer.
  const std::set<std::string> known{"state", "result",  "kind",      "reason",  "outcome",
                                    "phase", "command", "component", "version", "listener"};
  const std::vector<Row> rows = RowsOf(GetParam()());
  EXPECT_GE(rows.size(), 15u);
  for (const Row& row : rows) {
    EXPECT_TRUE(row.name.starts_with("innkeeper_") || row.name.starts_with("process_")) << row.name;
    EXPECT_GT(row.help.size(), 5u) << row.name;
    EXPECT_NE(row.type, "other") << row.name;
    EXPECT_EQ(row.name.ends_with("_total"), row.type == "counter") << row.name;
    for (const auto& [label, values] : LabelsOf(row)) {
      EXPECT_TRUE(known.contains(label)) << row.name << " " << label;
      for (const std::string& value : values) {
        EXPECT_TRUE(label == "version" || IsWord(value)) << row.name << " " << value;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, MetricsReference,
                         testing::Values(AgentMetricsReference, CoordinatorMetricsReference));

}  // namespace
}  // namespace innkeeper
