#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace innkeeper {

// What every consumer needs of an object before anything else.
struct KubeMeta {
  std::string ns, name, uid, resource_version;
  bool ends_initial_events = false;  // of a bookmark: the streaming list is complete
};

// INVALID_ARGUMENT: the text is no object, or its metadata is not of the right types. What is not
// there stays empty. `object` must be followed by 64 readable bytes, as a KubeSink's is.
absl::StatusOr<KubeMeta> ReadMeta(std::string_view object);

}  // namespace innkeeper
