#include "cli/table.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

TEST(Table, PadsEachColumnToItsWidestCell) {
  Table table({"NAME", "NODE", "AGE"});
  table.Add({"web", "host1", "2m"});
  table.Add({"database", "h", "10m"});
  EXPECT_EQ(table.Text(),
            "NAME      NODE   AGE\n"
            "web       host1  2m\n"
            "database  h      10m\n");
}

TEST(Table, ShowsAnEmptyCellAsADash) {
  Table table({"NAME", "OS"});
  table.Add({"web", ""});
  EXPECT_EQ(table.Text(), "NAME  OS\nweb   -\n");
}

TEST(Table, LinesUpWideCharacters) {
  Table table({"A", "B"});
  table.Add({"東京", "x"});
  EXPECT_EQ(table.Text(), "A     B\n東京  x\n");
}

TEST(Table, RowsThatComeLaterLineUpUnderOneHeader) {
  Table table({"NAME", "AGE"});
  table.Add({"database", "2m"});
  EXPECT_EQ(table.News(), "NAME      AGE\ndatabase  2m\n");
  table.Add({"web", "3m"});
  EXPECT_EQ(table.News(), "web       3m\n");
  EXPECT_EQ(table.News(), "");
}

TEST(Table, ADressCostsNoWidthAndSparesTheHeader) {
  Table table({"ENROLLED", "AGE"});
  table.DressColumn(0, [](const std::string& cell) { return "<" + cell + ">"; });
  table.Add({"yes", "2m"});
  EXPECT_EQ(table.Text(), "ENROLLED  AGE\n<yes>       2m\n");
}

TEST(Table, NeverPassesControlCharactersOn) {
  Table table({"A"});
  table.Add({"\x1b[2Jgone"});
  EXPECT_EQ(table.Text().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace innkeeper
