#include "vm/libvirt/daemon_uri.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

DaemonUri Resolve(const std::string& uri, const std::string& existing = {}) {
  return ResolveDaemonUri(uri, [&](const std::string& path) { return path == existing; });
}

TEST(DaemonUriTest, TheSystemDaemonIsNamedByItsSocket) {
  EXPECT_EQ(Resolve("qemu:///system", "/run/libvirt/virtqemud-sock"),
            (DaemonUri{"qemu+unix:///system?socket=/run/libvirt/virtqemud-sock",
                       "/run/libvirt/virtqemud-sock"}));
  EXPECT_EQ(Resolve("qemu:///system", "/run/libvirt/libvirt-sock"),
            (DaemonUri{"qemu+unix:///system?socket=/run/libvirt/libvirt-sock",
                       "/run/libvirt/libvirt-sock"}));
  EXPECT_EQ(Resolve("qemu:///system").socket, "/run/libvirt/libvirt-sock") << "it may come later";
}

TEST(DaemonUriTest, AGivenSocketStays) {
  EXPECT_EQ(Resolve("qemu+unix:///session?x=1&socket=/tmp/s&y=2").socket, "/tmp/s");
  EXPECT_EQ(Resolve("qemu+unix:///system?socket=/tmp/s"),
            (DaemonUri{"qemu+unix:///system?socket=/tmp/s", "/tmp/s"}));
}

TEST(DaemonUriTest, OtherUrisStayAsTheyAre) {
  for (const char* uri : {"test:///default", "qemu:///embed?root=/x", "qemu:///session"}) {
    EXPECT_EQ(Resolve(uri), (DaemonUri{uri, ""}));
  }
}

TEST(DaemonUriTest, TheOtherPathKeepsTheSocket) {
  EXPECT_EQ(OtherPath({"qemu+unix:///system?socket=/a/system", "/a/system"}),
            (DaemonUri{"qemu+unix:///session?socket=/a/system", "/a/system"}));
  EXPECT_EQ(OtherPath({"qemu:///session", ""}), (DaemonUri{"qemu:///system", ""}));
  EXPECT_EQ(OtherPath({"test:///default", ""}), (DaemonUri{"test:///default", ""}));
}

}  // namespace
}  // namespace innkeeper
