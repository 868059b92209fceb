"""What KubeVirt's controllers make of a VirtualMachine: its instance, and the instance's launcher Pod. Pure."""
import uuid

VM_FINALIZER = "kubevirt.io/virtualMachineControllerFinalize"
VMI_FINALIZER = "foregroundDeleteVirtualMachine"
CREATED_BY, NODE_NAME = "kubevirt.io/created-by", "kubevirt.io/nodeName"
FIRMWARE = uuid.UUID("5a1b9c0e-6f0e-4d42-9a27-0c1d3c7b9e55")
ENDED = ("Succeeded", "Failed")
CLOUD_INIT = ("cloudInitNoCloud", "cloudInitConfigDrive")
PRIVATE = "/var/run/kubevirt-private/secret"


def is_deleting(one):
    return "deletionTimestamp" in one["metadata"]


def owned_by(kind, owner):
    return [{"apiVersion": kind.version, "kind": kind.name, "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
             "controller": True, "blockOwnerDeletion": True}]


def is_owned_by(one, owner):
    return any(reference["uid"] == owner["metadata"]["uid"] for reference in one["metadata"].get("ownerReferences", []))


def shall_run(vm):
    return vm["spec"].get("running", False) or vm["spec"].get("runStrategy") == "Always"


def instance_spec(vm):
    """The template's, with a firmware UUID that stays the same for this very VirtualMachine."""
    spec = vm["spec"]["template"].get("spec", {})
    fresh = str(uuid.uuid5(FIRMWARE, vm["metadata"]["uid"]))
    firmware = {"uuid": fresh, **spec["domain"].get("firmware", {})}
    return {**spec, "domain": {**spec["domain"], "firmware": firmware}}


def instance_of(vm, kind):
    template = vm["spec"]["template"].get("metadata") or {}
    annotations = {**template.get("annotations", {}), "kubevirt.io/vm-generation": str(vm["metadata"].get("generation", 1))}
    metadata = {
        "namespace": vm["metadata"]["namespace"], "name": vm["metadata"]["name"], "labels": template.get("labels", {}),
        "annotations": annotations, "finalizers": [VMI_FINALIZER], "ownerReferences": owned_by(kind, vm),
    }
    return {"metadata": metadata, "spec": instance_spec(vm)}


def secrets_of(vmi):
    """(name of the Pod's volume, name of the Secret, optional) of all that the spec's volumes name, in their order."""
    found = []
    for volume in vmi["spec"].get("volumes", []):
        if "secret" in volume:
            found.append((volume["name"], volume["secret"].get("secretName", ""), volume["secret"].get("optional", False)))
        for kind in CLOUD_INIT:
            source = volume.get(kind, {})
            for reference, ending in (("secretRef", "udata"), ("networkDataSecretRef", "ndata")):
                if source.get(reference, {}).get("name"):
                    found.append((f"{volume['name']}-{ending}", source[reference]["name"], False))
    return found


def launcher_of(vmi, kind):
    name, uid = vmi["metadata"]["name"], vmi["metadata"]["uid"]
    own = {"kubevirt.io": "virt-launcher", CREATED_BY: uid, "vm.kubevirt.io/name": name, "vmi.kubevirt.io/id": name}
    empty = ["private", "public", "sockets", "libvirt-runtime", "ephemeral-disks"]
    volumes = [{"name": each, "emptyDir": {}} for each in empty]
    mounts = []
    for volume, secret, optional in secrets_of(vmi):
        volumes.append({"name": volume, "secret": {"secretName": secret, **({"optional": True} if optional else {})}})
        mounts.append({"name": volume, "mountPath": f"{PRIVATE}/{volume}", "readOnly": True})
    metadata = {
        "namespace": vmi["metadata"]["namespace"], "generateName": f"virt-launcher-{name}-",
        "labels": {**vmi["metadata"].get("labels", {}), **own},
        "annotations": {**vmi["metadata"].get("annotations", {}), "kubevirt.io/domain": name},
        "ownerReferences": owned_by(kind, vmi),
    }
    spec = {
        "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False, "volumes": volumes,
        "hostname": name,
        "containers": [{"name": "compute", "image": "virt-launcher", "command": ["/usr/bin/virt-launcher-monitor"], "volumeMounts": mounts}],
    }
    return {"metadata": metadata, "spec": spec}


def printable_status(vm, vmi):
    """As `kubectl get vm` shows it."""
    if is_deleting(vm):
        return "Terminating"
    if vmi is None or vmi.get("status", {}).get("phase") in ENDED:
        return "Starting" if shall_run(vm) else "Stopped"
    if is_deleting(vmi):
        return "Stopping"
    return "Running" if vmi.get("status", {}).get("phase") == "Running" else "Starting"
