// The contract on the fake and on libvirt's in-process test driver, which needs no daemon.

#include "vm/libvirt/hypervisor_contract.h"

#include "vm/libvirt/libvirt_hypervisor.h"
#include "vm/testing/fake_hypervisor.h"
#include "vm/testing/libvirt_control.h"

namespace innkeeper {
namespace {

class FakeWorld final : public HypervisorWorld {
 public:
  Hypervisor& hypervisor() override { return fake_; }
  DomainId Define(const std::string& name) override {
    DomainState domain = NewDomain(name);
    domain.macs = {"52:54:00:12:34:56"};
    fake_.Define(domain);
    return domain.id;
  }
  void Start(const DomainId& id) override { fake_.Boot(id); }
  void PowerOff(const DomainId& id) override { fake_.PowerOff(id); }
  void Pause(const DomainId& id) override { fake_.Pause(id); }
  void Resume(const DomainId& id) override { fake_.Resume(id); }
  void Undefine(const DomainId& id) override { fake_.Undefine(id); }
  void SetWish(const DomainId& id, const std::string& attributes) override {
    if (attributes.find("perhaps") == std::string::npos) {
      fake_.SetWish(id, DomainWish{EnrollWish::kYes, "web.example.test", true});
    } else {
      fake_.SetWish(id, std::nullopt, "enroll must be yes or no");
    }
  }

 private:
  FakeHypervisor fake_;
};

class TestDriverWorld final : public HypervisorWorld {
 public:
  TestDriverWorld() { EXPECT_TRUE(loop_.Start().ok()); }
  Hypervisor& hypervisor() override { return *hypervisor_; }
  DomainId Define(const std::string& name) override { return control_.Define(SmallDomain(name)); }
  void Start(const DomainId& id) override { control_.Start(id); }
  void PowerOff(const DomainId& id) override { control_.PowerOff(id); }
  void Pause(const DomainId& id) override { control_.Pause(id); }
  void Resume(const DomainId& id) override { control_.Resume(id); }
  void Undefine(const DomainId& id) override { control_.Undefine(id); }
  void SetWish(const DomainId& id, const std::string& attributes) override {
    control_.SetWish(id, attributes);
  }

 private:
  static std::string SmallDomain(const std::string& name) {
    return "<domain type='test'><name>" + name +
           "</name><memory unit='MiB'>8</memory><os><type>hvm</type></os><devices>"
           "<interface type='network'><source network='default'/>"
           "<mac address='52:54:00:12:34:56'/></interface>"
           "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
           "</devices></domain>";
  }

  LibvirtEventLoop loop_;
  SystemRandom random_;
  LibvirtControl control_{"test:///default"};
  std::unique_ptr<LibvirtHypervisor> hypervisor_ =
      LibvirtHypervisor::Create({.uri = "test:///default"}, loop_, random_);
};

INSTANTIATE_TEST_SUITE_P(
    Daemons, HypervisorContract,
    testing::Values(NamedHypervisorWorld{"Fake", [] { return std::make_unique<FakeWorld>(); }},
                    NamedHypervisorWorld{"TestDriver",
                                         [] { return std::make_unique<TestDriverWorld>(); }}),
    [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace innkeeper
