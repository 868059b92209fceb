#include "vm/testing/libvirt_control.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/log.h"
#include "vm/libvirt/domain_xml.h"
#include "vm/libvirt/handles.h"
#include "vm/libvirt/inventory.h"
#include "vm/libvirt/libvirt_error.h"

namespace innkeeper {
namespace {

void Must(bool done, const char* what) {
  if (!done)
    LogError("a test's libvirt failed", {{"doing", what}, {"error", TakeLastError().message}});
  IK_CHECK(done);
}

}  // namespace

struct LibvirtControl::State {
  ConnectHandle connection;
  DomainHandle Find(const DomainId& id) const {
    DomainHandle domain(virDomainLookupByUUIDString(connection.get(), id.uuid.c_str()));
    Must(domain != nullptr, "finding a domain");
    return domain;
  }
};

LibvirtControl::LibvirtControl(const std::string& uri)
    : state_(new State{ConnectHandle(virConnectOpen(uri.c_str()))}) {
  Must(state_->connection != nullptr, "connecting");
}

LibvirtControl::~LibvirtControl() = default;

DomainId LibvirtControl::Define(const std::string& xml) {
  const DomainHandle domain(virDomainDefineXML(state_->connection.get(), xml.c_str()));
  Must(domain != nullptr, "defining");
  return IdOf(domain.get());
}

void LibvirtControl::Start(const DomainId& id) {
  Must(virDomainCreate(state_->Find(id).get()) == 0, "starting");
}

void LibvirtControl::PowerOff(const DomainId& id) {
  Must(virDomainDestroy(state_->Find(id).get()) == 0, "powering off");
}

void LibvirtControl::Pause(const DomainId& id) {
  Must(virDomainSuspend(state_->Find(id).get()) == 0, "pausing");
}

void LibvirtControl::Resume(const DomainId& id) {
  Must(virDomainResume(state_->Find(id).get()) == 0, "resuming");
}

void LibvirtControl::Undefine(const DomainId& id) {
  Must(virDomainUndefine(state_->Find(id).get()) == 0, "undefining");
}

void LibvirtControl::SetWish(const DomainId& id, const std::string& attributes) {
  const DomainHandle domain = state_->Find(id);
  const std::string element = "<guest " + attributes + "/>";
  unsigned flags = VIR_DOMAIN_AFFECT_CONFIG;
  if (virDomainIsActive(domain.get()) == 1) flags |= VIR_DOMAIN_AFFECT_LIVE;
  Must(virDomainSetMetadata(domain.get(), VIR_DOMAIN_METADATA_ELEMENT, element.c_str(), "innkeeper",
                            kWishNamespace, flags) == 0,
       "setting metadata");
}

std::string LibvirtControl::Agent(const DomainId& id, const std::string& command) {
  const CString reply(virDomainQemuAgentCommand(state_->Find(id).get(), command.c_str(), 5, 0));
  return reply ? std::string(reply.get()) : TakeLastError().message;
}

}  // namespace innkeeper
