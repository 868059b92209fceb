#include "bench/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace innkeeper {
namespace {

// Below this share of a goal `--check` fails: a shared machine alone can cost the rest.
constexpr double kTolerated = 0.8;

using Line = std::array<std::string, 7>;

const char* Word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kMet:
      return "met";
    case Verdict::kNear:
      return "near";
    case Verdict::kMissed:
      break;
  }
  return "MISSED";
}

Line LineOf(const Figure& figure) {
  const char* sign = figure.bound == Bound::kAtMost ? "<= " : ">= ";
  return {figure.goal_id,
          figure.what,
          figure.ours,
          figure.peer,
          Short(figure.value) + figure.unit,
          sign + Short(figure.goal) + figure.unit,
          Word(Judge(figure))};
}

}  // namespace

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const size_t index = rank < 1 ? 0 : static_cast<size_t>(rank) - 1;
  return values[std::min(index, values.size() - 1)];
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Rounds::Ratio() const {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(ours.size(), peer.size()); ++i) {
    if (peer[i] > 0) ratios.push_back(ours[i] / peer[i]);
  }
  return Median(ratios);
}

Verdict Judge(const Figure& figure) {
  const bool most = figure.bound == Bound::kAtMost;
  const auto holds = [&](double goal) {
    return most ? figure.value <= goal : figure.value >= goal;
  };
  if (holds(figure.goal)) return Verdict::kMet;
  return holds(most ? figure.goal / kTolerated : figure.goal * kTolerated) ? Verdict::kNear
                                                                           : Verdict::kMissed;
}

bool Report::Passes() const {
  return std::ranges::none_of(
      figures_, [](const Figure& figure) { return Judge(figure) == Verdict::kMissed; });
}

std::string Report::Text() const {
  std::vector<Line> lines{{"goal", "what", "ours", "peer", "value", "wanted", "verdict"}};
  for (const Figure& figure : figures_) lines.push_back(LineOf(figure));
  std::array<size_t, 7> width{};
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());
  }
  std::string text;
  for (const Line& line : lines) {
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      text += line[i] + std::string(width[i] - line[i].size() + 2, ' ');
    }
    text += line.back() + "\n";
  }
  for (const std::string& note : notes_) text += note + "\n";
  return text;
}

std::string Short(double value) {
  std::array<char, 32> text{};
  const double size = std::fabs(value);
  const int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

}  // namespace innkeeper
