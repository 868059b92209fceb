#pragma once
// How a cost grows with the number of things it is for. Pure.

#include <vector>

namespace innkeeper {

struct GrowthPoint {
  double size;  // > 0
  double cost;  // > 0
};

// The exponent e of cost = c * size^e that fits best: the slope of the least squares line through
// the logarithms. 1: in proportion; 0: does not grow. 0 also for less than two sizes.
double GrowthExponent(const std::vector<GrowthPoint>& points);

}  // namespace innkeeper
