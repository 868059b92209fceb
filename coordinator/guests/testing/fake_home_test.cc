#include "coordinator/guests/testing/fake_home.h"

#include "base/testing/fake_clock.h"
#include "coordinator/guests/testing/fake_guest_store.h"
#include "coordinator/guests/testing/home_contract.h"

namespace innkeeper {
namespace {

class FakeHome final : public HomeUnderTest {
 public:
  GuestStore& guests() override { return guests_; }
  Recorder& recorder() override { return recorder_; }
  Operation& operation() override { return operation_; }
  Vault& vault() override { return vault_; }
  NodeStore& nodes() override { return nodes_; }

 private:
  FakeClock clock_;
  FakeGuestStore guests_;
  FakeRecorder recorder_{clock_};
  FakeOperation operation_{clock_, 2, absl::Hours(1)};
  FakeVault vault_;
  FakeNodeStore nodes_;
};

INSTANTIATE_TEST_SUITE_P(Fake, HomeContract,
                         testing::Values([]() -> std::unique_ptr<HomeUnderTest> {
                           return std::make_unique<FakeHome>();
                         }));

}  // namespace
}  // namespace innkeeper
