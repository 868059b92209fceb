#pragma once

#include <nlohmann/json.hpp>
#include <random>

namespace innkeeper {

// VMs of every shape that a user may write, from a seed: forms of user-data, sources, absent lists,
// several cloud-init volumes, labels, delivery, instance types, generateName.
class VmGenerator {
 public:
  explicit VmGenerator(uint64_t seed) : random_(seed) {}
  nlohmann::json Next();

 private:
  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }
  bool Once(size_t in) { return Below(in) == 0; }
  nlohmann::json CloudInit();
  nlohmann::json Metadata();
  nlohmann::json Volumes();
  nlohmann::json Disks(const nlohmann::json& volumes);

  std::mt19937_64 random_;
  size_t count_ = 0;
};

}  // namespace innkeeper
