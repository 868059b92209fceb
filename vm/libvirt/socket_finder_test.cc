#include "vm/libvirt/socket_finder.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/testing/temp_dir.h"

namespace innkeeper {
namespace {

class SocketFinderTest : public testing::Test {
 protected:
  ~SocketFinderTest() override {
    for (const int fd : opened_) close(fd);
  }
  int Socket() {
    opened_.push_back(socket(AF_UNIX, SOCK_STREAM, 0));
    return opened_.back();
  }
  static sockaddr_un Address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
  }
  void Listen(const std::string& path) {
    const sockaddr_un address = Address(path);
    const int fd = Socket();
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(fd, 5), 0);
  }
  int Connect(const std::string& path) {
    const sockaddr_un address = Address(path);
    const int fd = Socket();
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  TempDir folder_;
  std::vector<int> opened_;
};

TEST_F(SocketFinderTest, ANewConnectionIsFoundAndCanBeCut) {
  const std::string daemon = folder_.File("libvirt-sock"), bus = folder_.File("bus");
  Listen(daemon);
  Listen(bus);
  Connect(daemon);
  const std::set<std::string> before = OpenSockets();
  Connect(bus);
  const int ours = Connect(daemon);
  const auto found = FindNewSocket(before, daemon);
  ASSERT_TRUE(found.has_value());
  found->ShutDown();
  char byte = 0;
  EXPECT_EQ(read(ours, &byte, 1), 0) << "its reader is at the end";
}

TEST_F(SocketFinderTest, OldSocketsAndOtherPeersAreNotFound) {
  const std::string daemon = folder_.File("libvirt-sock"), bus = folder_.File("bus");
  Listen(daemon);
  Listen(bus);
  Connect(daemon);
  const std::set<std::string> before = OpenSockets();
  Connect(bus);
  EXPECT_FALSE(FindNewSocket(before, daemon).has_value());
}

TEST_F(SocketFinderTest, NoDescriptorIsLeftBehind) {
  const std::string daemon = folder_.File("libvirt-sock");
  Listen(daemon);
  const std::set<std::string> before = OpenSockets();
  Connect(daemon);
  const int next = dup(0);
  close(next);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(FindNewSocket(before, daemon).has_value());
  const int after = dup(0);
  close(after);
  EXPECT_EQ(after, next);
}

}  // namespace
}  // namespace innkeeper
