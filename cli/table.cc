#include "cli/table.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace innkeeper {
namespace {

// One code point of valid UTF-8 and its size in bytes.
uint32_t NextPoint(const std::string& text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t point = size == 1 ? lead : lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i) point = point << 6 | (byte(at + i) & 0x3Fu);
  at += size;
  return point;
}

// Unicode Standard Annex 11, the ranges people use in names.
bool IsWide(uint32_t point) {
  return (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
         (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
         (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
         (point >= 0x1F300 && point <= 0x1FAFF) || (point >= 0x20000 && point <= 0x3FFFD);
}

}  // namespace

size_t DisplayWidth(const std::string& text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) width += IsWide(NextPoint(text, at)) ? 2 : 1;
  return width;
}

std::string Table::Line(const Row& row, bool header) const {
  std::string line;
  for (size_t column = 0; column < row.size(); ++column) {
    const size_t width = DisplayWidth(row[column]);
    const auto dress = dresses_.find(column);
    line += header || dress == dresses_.end() ? row[column] : dress->second(row[column]);
    if (column + 1 < row.size()) line.append(widths_[column] - width + 2, ' ');
  }
  return line + '\n';
}

std::string Table::News() {
  for (size_t i = told_; i < rows_.size(); ++i) {
    Row& row = rows_[i];
    widths_.resize(std::max(widths_.size(), row.size()));
    for (size_t column = 0; column < row.size(); ++column) {
      row[column] = row[column].empty() ? "-" : Printable(row[column]);
      widths_[column] = std::max(widths_[column], DisplayWidth(row[column]));
    }
  }
  std::string text;
  for (; told_ < rows_.size(); ++told_) text += Line(rows_[told_], /*header=*/told_ == 0);
  return text;
}

std::string Table::Text() {
  told_ = 0;
  return News();
}

}  // namespace innkeeper
