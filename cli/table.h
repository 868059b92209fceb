#pragma once

#include <string>
#include <vector>

namespace innkeeper {

// Columns for people: padded to the widest cell, two blanks between, no borders, no trailing
// blanks. Cells are cleaned (base/text.h) and measured in terminal columns, so wide characters line
// up.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Columns the text takes on a terminal (East Asian wide characters count twice).
size_t DisplayWidth(const std::string& text);

}  // namespace innkeeper
