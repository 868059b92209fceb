#pragma once
// kubectl against the API server of tests/env.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "base/testing/temp_dir.h"

namespace innkeeper {

class Kubectl {
 public:
  struct Result {
    int code = 0;
    std::string out;  // both streams
  };
  // `arguments` as a shell reads them.
  Result Run(const std::string& arguments) const {
    const char* program = std::getenv("KUBECTL");
    IK_CHECK(program != nullptr && "run by tests/env/in_env");
    FILE* pipe = popen((std::string(program) + " " + arguments + " 2>&1").c_str(), "r");
    Result result;
    std::array<char, 4096> block{};
    while (const size_t size = fread(block.data(), 1, block.size(), pipe)) {
      result.out.append(block.data(), size);
    }
    result.code = pclose(pipe);
    return result;
  }
  std::string Must(const std::string& arguments) const {
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 0) << "kubectl " << arguments << "\n" << result.out;
    return result.out;
  }
  nlohmann::json MustGet(const std::string& what) const {
    return nlohmann::json::parse(Must("get -o json " + what), nullptr, false);
  }
  // kubectl VERB -f, of an object.
  Result With(const std::string& verb, const nlohmann::json& object) const {
    return Run(verb + " -f " + folder_.Write("object.json", object.dump()));
  }
  void MustWith(const std::string& verb, const nlohmann::json& object) const {
    const Result result = With(verb, object);
    EXPECT_EQ(result.code, 0) << verb << " " << object.dump() << "\n" << result.out;
  }

 private:
  TempDir folder_;
};

}  // namespace innkeeper
