"""virt-controller's part for a VirtualMachine: whether it has an instance, and what its status says."""
from kubevirt.api import VM, VMI, key_of
from kubevirt.objects import ENDED, VM_FINALIZER, instance_of, instance_spec, is_deleting, is_owned_by, printable_status, shall_run


class Machines:
    def __init__(self, server, log):
        self.server, self.log = server, log

    def drive(self, vm, vmi):
        if vmi is not None and not is_owned_by(vmi, vm):
            return  # somebody else's, until the collector took it
        if is_deleting(vm) and vmi is None:
            self.server.drop_finalizer(VM, vm, VM_FINALIZER)
            self.log(key_of(vm), "virtual machine released")
            return
        if is_deleting(vm):
            if not is_deleting(vmi):
                self.server.delete(VMI, vmi)
        elif VM_FINALIZER not in vm["metadata"].get("finalizers", []):
            # with the version: another writer's finalizer must not be lost
            finalizers = vm["metadata"].get("finalizers", []) + [VM_FINALIZER]
            self.server.patch(VM, vm, {"metadata": {"finalizers": finalizers, "resourceVersion": vm["metadata"]["resourceVersion"]}})
        elif vmi is None and shall_run(vm):
            self.server.create(VMI, instance_of(vm, VM))
        elif vmi is not None and not is_deleting(vmi) and not self.may_stay(vm, vmi):
            self.server.delete(VMI, vmi)
        self.report(vm, vmi)

    @staticmethod
    def may_stay(vm, vmi):
        """An instance that ended on its own makes room for a new one."""
        return shall_run(vm) and vmi.get("status", {}).get("phase") not in ENDED

    def report(self, vm, vmi):
        before = vm.get("status", {})
        phase = (vmi or {}).get("status", {}).get("phase")
        status = {"printableStatus": printable_status(vm, vmi), "created": vmi is not None, "ready": phase == "Running"}
        restart = vmi is not None and not is_deleting(vmi) and instance_spec(vm) != vmi["spec"]
        told = any(one["type"] == "RestartRequired" for one in before.get("conditions", []))
        if restart != told:
            required = {"type": "RestartRequired", "status": "True", "message": "a non-live-updatable field was changed in the template spec"}
            rest = [one for one in before.get("conditions", []) if one["type"] != "RestartRequired"]
            status["conditions"] = rest + ([required] if restart else [])
        if any(before.get(name) != value for name, value in status.items()):
            self.server.patch_status(VM, vm, status)
            if before.get("printableStatus") != status["printableStatus"]:
                self.log(key_of(vm), f"virtual machine {before.get('printableStatus') or 'new'} -> {status['printableStatus']}")
