#pragma once

namespace innkeeper {

// gRPC and protobuf write to stderr on their own; from the first call on their lines go through our
// log, as "grpc" and "protobuf" at debug level, errors as warnings. Cheap to call again; any
// thread.
void RouteLibraryLogs();

}  // namespace innkeeper
