#pragma once
// Figures taken in a process of their own, so that memory of one measurement is none of the next.

#include <functional>
#include <vector>

#include "base/status.h"

namespace innkeeper {

// Forks, runs `measure` there and returns what it returned. The child ends at once afterwards:
// nothing in it is destroyed. Only while this process has one thread. Blocks.
using Figures = std::vector<double>;
absl::StatusOr<Figures> InChild(const std::function<absl::StatusOr<Figures>()>& measure);

// What this process has allocated and not freed, in bytes.
double LiveBytes();
// Resident bytes after what was freed went back to the kernel.
double TrimmedResidentBytes();
// The most that was resident at a time.
double PeakResidentBytes();

}  // namespace innkeeper
