#pragma once
// A libvirt daemon of tests/env for one bench program, and domains that only exist on paper in it.

#include <sys/types.h>

#include <string>

#include "base/status.h"

namespace innkeeper {

class BenchLibvirt {
 public:
  // Brings up a host of its own; `name` tells apart those of one program.
  explicit BenchLibvirt(const std::string& name);
  ~BenchLibvirt();
  BenchLibvirt(const BenchLibvirt&) = delete;
  BenchLibvirt& operator=(const BenchLibvirt&) = delete;

  const std::string& uri() const { return uri_; }
  // Another driver of the same daemon: "test:///default" is one domain in its memory, whose events
  // cost no emulator.
  std::string DriverUri(const std::string& driver) const;
  // Defines domains with our metadata, a network card and an agent channel, as people write them;
  // none runs.
  absl::Status Define(int domains) const;
  pid_t daemon() const;
  std::string host() const { return host_; }

 private:
  const std::string host_;
  std::string uri_;
};

}  // namespace innkeeper
