#pragma once
// Which of cloud-init's forms some user-data has, told as cloud-init tells it: by its first bytes.
// Source: cloudinit/handlers/__init__.py (INCLUSION_TYPES_MAP, type_from_starts_with) and
// cloudinit/user_data.py (convert_string, _process_msg). Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace innkeeper {

enum class UserDataForm {
  kNone,  // nothing, or only white space
  // What cloud-init acts upon, and what may therefore be composed with a part of ours.
  kCloudConfig,
  kCloudConfigArchive,
  kCloudConfigJsonPatch,
  kScript,
  kInclude,  // "#include" and "#include-once"
  kBoothook,
  kJinja,
  kPartHandler,
  kMime,
  // Left alone: the same volumes carry them, and they break when they are wrapped.
  kIgnition,
  kTalos,
  kCloudbase,  // scripts that only cloudbase-init (Windows) runs
  kUnknown,
  kBrokenGzip,  // cloud-init cannot unpack it
  kTooLarge,    // packed or unpacked, over kUserDataCap
};

// The most bytes that fit into a Secret beside our own part, base64 included (1 MiB, the API
// server's limit for Secrets).
inline constexpr size_t kUserDataCap = 700 * 1024;

struct UserDataShape {
  UserDataForm form = UserDataForm::kUnknown;  // of what is inside, when it is packed
  bool gzip = false;
  std::string unpacked;  // what was inside; empty unless gzip and unpacking it worked
};

// Work is linear in the size, and bounded by kUserDataCap also for a gzip bomb.
UserDataShape Recognise(std::string_view bytes);

// True when cloud-init acts on that form, and so a part beside it does no harm; also for kNone.
bool IsComposable(UserDataForm form);

// "cloud-config", "ignition", ...: closed set, for metrics and messages.
const char* NameOf(UserDataForm form);

}  // namespace innkeeper
