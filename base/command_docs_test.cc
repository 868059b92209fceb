#include "base/command_docs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace innkeeper {
namespace {

using testing::HasSubstr;
using testing::Not;

class CommandDocsTest : public testing::Test {
 protected:
  CommandDocsTest() {
    app_.add_option("--server", server_, "Where it is")->envname("INN_SERVER");
    CLI::App* nodes = app_.add_subcommand("nodes", "List nodes");
    nodes->footer("\nExamples:\n  inn nodes | head\n");
    CLI::App* revoke = nodes->add_subcommand("revoke", "Refuse a node");
    revoke->add_option("node", server_, "Its name")->required();
    revoke->add_flag("-y,--yes", yes_, "Do not ask");
    AddManualOptions(app_, manual_);
  }
  std::string server_;
  bool yes_ = false;
  CLI::App app_{"A test", "inn"};
  const Manual manual_{.section = 8,
                       .summary = "a host's friend",
                       .description = {".dot first", "back\\slash"},
                       .sections = {{"FILES", {{"/etc/inn", "All of it."}}}},
                       .see_also = {"virsh(1)", "ipa(1)"}};
};

TEST_F(CommandDocsTest, TheManualHasEveryCommandAndOption) {
  const std::string page = ManPage(app_, manual_);
  EXPECT_THAT(page, HasSubstr(".TH \"INN\" \"8\""));
  EXPECT_THAT(page, HasSubstr(".SH NAME\ninn \\- a host's friend\n"));
  EXPECT_THAT(page, HasSubstr(".SS \"inn nodes revoke [OPTIONS] NODE\"\nRefuse a node.\n"));
  EXPECT_THAT(page, HasSubstr(".B \"\\-y, \\-\\-yes\"\nDo not ask.\n"));
  EXPECT_THAT(page, HasSubstr(".B \"\\-\\-server SERVER\"\n"));
  EXPECT_THAT(page, HasSubstr(".SH \"ENVIRONMENT\"\n.TP\n.B \"INN_SERVER\""));
  EXPECT_THAT(page, HasSubstr("inn nodes | head"));
  EXPECT_THAT(page, HasSubstr("virsh(1),\nipa(1)\n"));
  EXPECT_THAT(page, Not(HasSubstr("\\-\\-print\\-commands"))) << "hidden";
}

TEST_F(CommandDocsTest, TextIsNoRequest) {
  const std::string page = ManPage(app_, manual_);
  EXPECT_THAT(page, HasSubstr("\n\\&.dot first\n"));
  EXPECT_THAT(page, HasSubstr("back\\eslash"));
}

TEST_F(CommandDocsTest, TheReferenceHasTheSame) {
  const std::string page = CommandReference(app_, manual_);
  EXPECT_THAT(page, HasSubstr("## inn nodes revoke\n\nRefuse a node.\n\n    inn nodes revoke"));
  EXPECT_THAT(page, HasSubstr("| `-y, --yes` | Do not ask. |\n"));
  EXPECT_THAT(page, HasSubstr("## Files\n"));
}

TEST_F(CommandDocsTest, PrintingItEndsTheParseWell) {
  testing::internal::CaptureStdout();
  EXPECT_THROW(app_.parse("--print-manual"), CLI::Success);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), ManPage(app_, manual_));
}

}  // namespace
}  // namespace innkeeper
