// Whatever a file holds, loading it ends soon, with a status, and what was loaded prints and loads
// again.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/config.h"

namespace innkeeper {
namespace {

struct Settings {
  std::string text, choice = "a";
  bool flag = false;
  int64_t number = 1;
  Duration pause = std::chrono::seconds(1);
  std::vector<std::string> list;
  Secret secret;
  std::vector<ConfigSchema::Row> rows;
};

// A file without a name: nothing stays behind when a run is killed.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content) : descriptor_(memfd_create("config", 0)) {
    if (descriptor_ < 0) std::abort();
    const ssize_t wrote = write(descriptor_, content.data(), content.size());
    if (wrote != static_cast<ssize_t>(content.size())) std::abort();
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  const int descriptor_;
};

void Describe(ConfigSchema& schema, Settings& is) {
  schema.Add("section.text", &is.text, "Text.");
  schema.AddChoice("section.choice", &is.choice, "Choice.", {"a", "b"});
  schema.Add("flag", &is.flag, "Flag.");
  schema.Add("number", &is.number, "Number.", {.least = 0, .most = 100});
  schema.Add("pause", &is.pause, "Pause.");
  schema.Add("list", &is.list, "List.");
  schema.Add("secret", &is.secret, "Secret.");
  schema.AddRows("rows", &is.rows, "Rows.", {"x", "y"});
}

absl::StatusOr<std::string> LoadAndPrint(const std::string& text) {
  Settings is;
  ConfigSchema schema("fuzz", "INNKEEPER_FUZZ");
  Describe(schema, is);
  const MemoryFile file(text);
  RETURN_IF_ERROR(schema.Load({.file = file.path(), .sets = {}, .environment = {"A=b"}}));
  return schema.Print();
}

}  // namespace
}  // namespace innkeeper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const absl::StatusOr<std::string> printed = innkeeper::LoadAndPrint(text);
  if (!printed.ok() || printed->size() > (1 << 20)) return 0;
  const absl::StatusOr<std::string> again = innkeeper::LoadAndPrint(*printed);
  if (!again.ok() || *again != *printed) std::abort();
  return 0;
}
