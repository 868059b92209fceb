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

TEST(Table, NeverPassesControlCharactersOn) {
  Table table({"A"});
  table.Add({"\x1b[2Jgone"});
  EXPECT_EQ(table.Text().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace innkeeper
