#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace innkeeper {

// Columns for people: padded to the widest cell, two blanks between, no borders, no trailing
// blanks. Cells are cleaned (base/text.h) and measured in terminal columns, so wide characters line
// up.
class Table {
 public:
  // Puts a cell into a colour, say; adds no width.
  using Dress = std::function<std::string(const std::string& cell)>;
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Applied to that column's cells, the header's excepted.
  void DressColumn(size_t column, Dress dress) { dresses_[column] = std::move(dress); }
  // All of it.
  std::string Text();
  // What was added since the last call; the header comes with the first. Columns only grow, so that
  // rows that come one by one line up.
  std::string News();

 private:
  using Row = std::vector<std::string>;
  std::string Line(const Row& row, bool header) const;
  std::vector<Row> rows_;
  std::vector<size_t> widths_;
  std::map<size_t, Dress> dresses_;
  size_t told_ = 0;
};

// Columns the text takes on a terminal (East Asian wide characters count twice).
size_t DisplayWidth(const std::string& text);

}  // namespace innkeeper
