#pragma once
// RAII for sd-bus, and its errors as statuses. For this folder's own files.

#include <systemd/sd-bus.h>

#include <memory>
#include <string>

#include "base/status.h"

namespace innkeeper {

struct BusClose {
  void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
using BusHandle = std::unique_ptr<sd_bus, BusClose>;

struct MessageFree {
  void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using MessageHandle = std::unique_ptr<sd_bus_message, MessageFree>;

class BusError {
 public:
  BusError() = default;
  ~BusError() { sd_bus_error_free(&error_); }
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;

  sd_bus_error* get() { return &error_; }
  bool Is(const char* name) const { return sd_bus_error_has_name(&error_, name) != 0; }
  // From a negative errno of sd-bus and what the peer said.
  absl::Status ToStatus(int negative_errno, const std::string& doing) const {
    const std::string said = error_.message == nullptr ? "" : std::string(": ") + error_.message;
    return ErrnoStatus(-negative_errno, doing + said);
  }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

}  // namespace innkeeper
