#include "vm/testing/real_env.h"

#include <array>
#include <cstdio>

#include "base/log.h"

namespace innkeeper {
namespace {

std::string Quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string RunEnv(const std::vector<std::string>& words) {
  std::string command = Quoted(INNKEEPER_ENV_TOOL);
  for (const std::string& word : words) command += " " + Quoted(word);
  FILE* pipe = popen(command.c_str(), "r");
  IK_CHECK(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), got);
  }
  const int status = pclose(pipe);
  if (status != 0) LogError("tests/env failed", {{"command", command}, {"output", output}});
  IK_CHECK(status == 0);
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

}  // namespace innkeeper
