// A kubeconfig of a person who was told to use it.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "coordinator/kube/kube_access.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const int descriptor = memfd_create("kubeconfig", MFD_CLOEXEC);
  if (write(descriptor, bytes, size) != static_cast<ssize_t>(size)) std::abort();
  const auto access = innkeeper::ReadKubeconfig("/proc/self/fd/" + std::to_string(descriptor));
  close(descriptor);
  if (access.ok() && !access->server.starts_with("https://")) std::abort();
  return 0;
}
