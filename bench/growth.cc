#include "bench/growth.h"

#include <cmath>

namespace innkeeper {

double GrowthExponent(const std::vector<GrowthPoint>& points) {
  const auto count = static_cast<double>(points.size());
  double x = 0, y = 0;
  for (const GrowthPoint& point : points) {
    x += std::log(point.size) / count;
    y += std::log(point.cost) / count;
  }
  double square = 0, product = 0;
  for (const GrowthPoint& point : points) {
    const double apart = std::log(point.size) - x;
    square += apart * apart;
    product += apart * (std::log(point.cost) - y);
  }
  return square > 0 ? product / square : 0;
}

}  // namespace innkeeper
