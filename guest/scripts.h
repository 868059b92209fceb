#pragma once
// What runs inside a guest, as text (contract and result line: guest/README.md). Built from the
// fragments in this folder.

#include <string>

namespace innkeeper {

// Complete POSIX sh scripts; their parameters follow on standard input. Any thread, never fails.
const std::string& JoinScript();
const std::string& VerifyScript();
const std::string& LeaveScript();

// The constant second argument of `/bin/sh -c`: takes a script, the marker line and parameters from
// standard input. Holds nothing of the guest and nothing secret, so it may be logged.
const std::string& Bootstrap();

// The part of a guest's user-data, of type text/cloud-boothook, that installs the unit which joins
// by the disk labelled INNKEEPER (its files: guest/disk.md). Constant; nothing of the guest in it.
const std::string& BootHook();

}  // namespace innkeeper
