#include "base/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include "base/log.h"
#include "base/text.h"

namespace innkeeper {
namespace {

// Bytes of one line; some of gRPC's hold whole status trees.
constexpr size_t kLineCap = 500;

std::string Line(const std::string& text) { return Printable(text.substr(0, kLineCap)); }

void FromGrpc(gpr_log_func_args* line) {
  const bool error = line->severity == GPR_LOG_SEVERITY_ERROR;
  Log(error ? LogLevel::kWarning : LogLevel::kDebug, "grpc", {{"text", Line(line->message)}});
}

// Whatever it says is about a peer's bytes, which are refused and counted where they are read.
void FromProtobuf(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  Log(LogLevel::kDebug, "protobuf", {{"text", Line(message)}});
}

}  // namespace

void RouteLibraryLogs() {
  static const bool routed = [] {
    gpr_set_log_function(&FromGrpc);
    google::protobuf::SetLogHandler(&FromProtobuf);
    return true;
  }();
  static_cast<void>(routed);
}

}  // namespace innkeeper
