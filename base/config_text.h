#pragma once
// A configuration file as a YAML tree, after everything that makes YAML dangerous was refused.
// For config.cc, and for readers of other YAML files that a person wrote.

#include <yaml-cpp/yaml.h>

#include <string>

#include "base/status.h"

namespace innkeeper {

inline constexpr size_t kConfigFileCap = 1 << 20;  // bytes
inline constexpr int kConfigDepthCap = 8;          // nested mappings and lists; ours need three
inline constexpr size_t kConfigNodeCap = 50'000;   // values, keys included

// "FILE:LINE", lines counted from one.
std::string ConfigPlace(const std::string& file, const YAML::Mark& mark);

// The tree of the file's only document; a null node when it is empty. No alias is in it, so walking
// it visits at most kConfigNodeCap nodes, and no key is in any mapping twice. Blocks on the disk.
// INVALID_ARGUMENT: not such a document, or over a cap. NOT_FOUND, PERMISSION_DENIED...: from open.
absl::StatusOr<YAML::Node> ReadConfigFile(const std::string& file);

}  // namespace innkeeper
