#include "bench/child_figures.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "bench/process.h"

namespace innkeeper {
namespace {

[[noreturn]] void MeasureAndEnd(const std::function<absl::StatusOr<Figures>()>& measure, int to) {
  const absl::StatusOr<Figures> figures = measure();
  if (!figures.ok()) {
    std::fprintf(stderr, "%s\n", ToText(figures.status()).c_str());
    _exit(1);
  }
  const size_t size = figures->size() * sizeof(double);
  const ssize_t written = write(to, figures->data(), size);
  _exit(written == static_cast<ssize_t>(size) ? 0 : 1);
}

}  // namespace

absl::StatusOr<Figures> InChild(const std::function<absl::StatusOr<Figures>()>& measure) {
  int ends[2];
  if (pipe(ends) != 0) return ErrnoStatus(errno, "pipe");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    MeasureAndEnd(measure, ends[1]);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return ErrnoStatus(errno, "fork");
  }
  Figures figures;
  double one = 0;
  while (read(ends[0], &one, sizeof one) == static_cast<ssize_t>(sizeof one))
    figures.push_back(one);
  close(ends[0]);
  int ended = 0;
  waitpid(child, &ended, 0);
  if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0)
    return absl::InternalError("the measuring process failed: see above");
  return figures;
}

double LiveBytes() {
  const struct mallinfo2 now = mallinfo2();
  return static_cast<double>(now.uordblks + now.hblkhd);
}

double TrimmedResidentBytes() {
  malloc_trim(0);
  return static_cast<double>(ResidentBytes(getpid()));
}

double PeakResidentBytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) * 1024;
}

}  // namespace innkeeper
