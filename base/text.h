#pragma once

#include <string>

namespace innkeeper {

// The text made safe for a log line or a terminal: invalid UTF-8, control characters (C0, C1, DEL)
// and bidirectional formatting characters (U+202A..202E, U+2066..2069, U+200E, U+200F, U+061C) each
// become U+FFFD, a newline or tab a blank. The result is valid UTF-8.
std::string Printable(const std::string& text);

// True when every byte sequence is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(const std::string& text);

}  // namespace innkeeper
