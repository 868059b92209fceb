#include <cstdint>
#include <string>

#include "vm/libvirt/domain_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  (void)innkeeper::ParseDomainXml(std::string(reinterpret_cast<const char*>(bytes), size));
  return 0;
}
