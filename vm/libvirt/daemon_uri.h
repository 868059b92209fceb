#pragma once

#include <functional>
#include <string>

namespace innkeeper {

// Where a libvirt daemon listens, as one URI and the path in it.
struct DaemonUri {
  std::string uri;
  std::string socket;  // empty: no socket (in-process drivers, remote ones)
  bool operator==(const DaemonUri&) const = default;
};

// "qemu:///system" becomes an exact socket: virtqemud's where there is one, else libvirtd's; a URI
// with socket= and every other URI stays as it is. Never starts a daemon: a URI with socket= does
// not.
DaemonUri ResolveDaemonUri(const std::string& uri,
                           const std::function<bool(const std::string& path)>& exists);

// The same daemon with /session for /system and the reverse: which of them it takes depends on its
// user.
DaemonUri OtherPath(const DaemonUri& uri);

}  // namespace innkeeper
