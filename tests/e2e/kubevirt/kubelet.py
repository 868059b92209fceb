"""What scheduler, kubelet and virt-launcher do with a launcher Pod: it waits for its Secrets, then its domain starts."""
import base64
import datetime
import pathlib

from kubevirt.api import POD, SECRET
from kubevirt.domain import domain_name
from kubevirt.objects import NODE_NAME, secrets_of
from kubevirt.seed import LABELS, disks_of, write_iso


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def claim_of(vmi):
    """The claim that the root disk is kept in, "" for one that is new each time."""
    volumes = {volume["name"]: volume for volume in vmi["spec"].get("volumes", [])}
    for disk in vmi["spec"]["domain"]["devices"].get("disks", []):
        volume = volumes.get(disk["name"], {})
        if "containerDisk" in volume:
            return ""
        claim = volume.get("persistentVolumeClaim", {}).get("claimName") or volume.get("dataVolume", {}).get("name")
        if claim:
            return claim
    return ""


class Kubelet:
    def __init__(self, server, domains, node, folder):
        self.server, self.domains, self.node = server, domains, node
        self.folder = pathlib.Path(folder)

    def bind(self, pod):
        """The scheduler's part."""
        target = {"apiVersion": "v1", "kind": "Node", "name": self.node}
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        self.server.call("POST", POD.path(namespace, name, "binding"), {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                                                                        "target": target})
        self.server.patch(POD, pod, {"metadata": {"labels": {NODE_NAME: self.node}}})

    def mount(self, vmi):
        """(name of the Pod's volume -> key -> bytes, names of the Secrets that are missing)"""
        content, missing = {}, []
        for volume, name, optional in secrets_of(vmi):
            secret = self.server.find(SECRET, vmi["metadata"]["namespace"], name)
            if secret is None and not optional:
                missing.append(name)
            data = (secret or {}).get("data") or {}
            content[volume] = {key: base64.b64decode(value) for key, value in data.items()}
        return content, missing

    def launch(self, vmi, secrets):
        """Starts the domain from the Secrets as they are at this moment."""
        name = domain_name(vmi["metadata"]["namespace"], vmi["metadata"]["name"])
        disks, has_network = disks_of(vmi, secrets)
        folder = self.folder / "seeds" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = []
        for number, (label, content) in enumerate(disks):
            files.append(folder / f"{number}.iso")
            write_iso(files[-1], label, content)
        claim, root = claim_of(vmi), None
        if claim:
            root = self.folder / "claims" / f"{vmi['metadata']['namespace']}_{claim}.qcow2"
            root.parent.mkdir(exist_ok=True)
        options = ["--address", "none"] if has_network else []
        options += ["--config-drive"] if LABELS["cloudInitConfigDrive"] in [label for label, _ in disks] else []
        self.domains.start(vmi, files, root, options)

    def report_running(self, vmi, pod):
        name = domain_name(vmi["metadata"]["namespace"], vmi["metadata"]["name"])
        address = self.domains.interface(name)[1]
        status = {
            "phase": "Running", "startTime": now(),
            "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now()} for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")],
            "containerStatuses": [self.container({"running": {"startedAt": now()}}, ready=True)],
            **({"podIP": address, "podIPs": [{"ip": address}]} if address else {}),
        }
        self.server.patch_status(POD, pod, status)

    def report_waiting(self, pod, missing):
        """As a kubelet words it, in the only place that kubectl shows without events."""
        waiting = {"waiting": {"reason": "ContainerCreating", "message": f"secrets {', '.join(missing)} not found"}}
        self.server.patch_status(POD, pod, {"phase": "Pending", "containerStatuses": [self.container(waiting, ready=False)]})

    @staticmethod
    def container(state, ready):
        return {"name": "compute", "image": "virt-launcher", "imageID": "", "ready": ready, "restartCount": 0, "state": state}

    def report_ended(self, pod, phase):
        self.server.patch_status(POD, pod, {"phase": phase})
