#pragma once
// Stable: scripts depend on them (docs/reference/exit-codes.md).

namespace innkeeper {

inline constexpr int kCliOk = 0;
inline constexpr int kCliFailed = 1;       // the request failed; the message says why
inline constexpr int kCliUsage = 2;        // wrong arguments
inline constexpr int kCliNotFound = 3;     // no such guest, node, token
inline constexpr int kCliDenied = 4;       // not allowed
inline constexpr int kCliUnavailable = 5;  // the coordinator does not answer
inline constexpr int kCliTimeout = 6;      // --wait ran out of time
inline constexpr int kCliUnhealthy = 7;    // it worked, but what was asked about is not well

}  // namespace innkeeper
