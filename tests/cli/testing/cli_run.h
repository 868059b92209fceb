#pragma once
// The innkeeper binary as its users run it: a process of its own, with pipes or a terminal.

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/testing/temp_dir.h"

namespace innkeeper {

class CliRun {
 public:
  enum class Screen { kFiles, kTerminal };
  using Environment = std::map<std::string, std::string>;
  // Starts at once. On a terminal both outputs are one, in out().
  explicit CliRun(const std::vector<std::string>& arguments, const Environment& environment = {},
                  Screen screen = Screen::kFiles);
  // Ends the process if it still runs.
  ~CliRun();
  CliRun(const CliRun&) = delete;
  CliRun& operator=(const CliRun&) = delete;

  // The exit code; waits for the end. -1: it was ended by a signal.
  int Code();
  // Waits until it shows, or the process has ended, or ten seconds are over.
  bool Shows(const std::string& text);
  std::string out() const;
  std::string err() const;

 private:
  void ReadTerminal();
  TempDir dir_;
  pid_t pid_ = -1;
  int terminal_ = -1;
  int code_ = -1;
  bool ended_ = false;
};

}  // namespace innkeeper
