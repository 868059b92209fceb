#pragma once
// What every bench program says: ratios against a peer or a floor of the same run, their goals, and
// a verdict. Pure.

#include <cstddef>
#include <string>
#include <vector>

namespace innkeeper {

// Of a copy; 0 when there is none. `share` is 0..1, nearest rank.
double Percentile(std::vector<double> values, double share);
double Median(std::vector<double> values);

// Figures of ours and of the peer, taken in turns: entry i of both comes from round i.
struct Rounds {
  std::vector<double> ours, peer;
  // Median of each round's ours / peer: a machine that slows down in between harms neither side.
  double Ratio() const;
};

enum class Bound { kAtMost, kAtLeast };

// One line of the table.
struct Figure {
  std::string goal_id;  // "P8"
  std::string what;     // "CPU per sweep, 500 domains"
  std::string ours;     // with unit: "1.10 ms"
  std::string peer;     // empty: the figure stands for itself
  double value = 0;     // what the goal is about: most often ours / peer
  Bound bound = Bound::kAtMost;
  double goal = 0;
  std::string unit = "x";  // of value and goal
};

enum class Verdict { kMet, kNear, kMissed };
// kNear: not met, but 80 % of it is.
Verdict Judge(const Figure& figure);

class Report {
 public:
  void Add(Figure figure) { figures_.push_back(std::move(figure)); }
  // A line below the table.
  void Note(std::string text) { notes_.push_back(std::move(text)); }
  // Whether no figure is kMissed.
  bool Passes() const;
  std::string Text() const;

 private:
  std::vector<Figure> figures_;
  std::vector<std::string> notes_;
};

// "1.23", with three significant digits.
std::string Short(double value);

}  // namespace innkeeper
