"""The read-only disks of an instance, with the content that virt-launcher gives them."""
import base64
import json
import pathlib
import subprocess
import tempfile

from kubevirt.objects import CLOUD_INIT

LABELS = {"cloudInitNoCloud": "cidata", "cloudInitConfigDrive": "config-2"}


def plain(source, field):
    """The inline text, plain before base64."""
    return source.get(field, "").encode() or base64.b64decode(source.get(f"{field}Base64", ""))


def first_key(secret, *keys):
    return next((secret[key] for key in keys if key in secret), b"")


def user_and_network(volume, source, secrets):
    user, network = plain(source, "userData"), plain(source, "networkData")
    if source.get("secretRef", {}).get("name"):
        user = first_key(secrets[f"{volume}-udata"], "userdata", "userData") or user
    if source.get("networkDataSecretRef", {}).get("name"):
        network = first_key(secrets[f"{volume}-ndata"], "networkdata", "networkData") or network
    return user, network


def host_name(vmi):
    return (vmi["spec"].get("hostname") or vmi["metadata"]["name"]).split(".")[0]


def cloud_init(kind, vmi, user, network):
    """Path -> bytes. To cloud-init a VirtualMachine is the same instance as long as its firmware UUID is the same."""
    firmware = vmi["spec"]["domain"]["firmware"]["uuid"]
    if kind == "cloudInitNoCloud":
        meta = {"instance-id": firmware, "local-hostname": host_name(vmi)}
        names = ("meta-data", "user-data", "network-config")
    else:
        meta = {"instance_id": f"{vmi['metadata']['name']}.{vmi['metadata']['namespace']}", "hostname": host_name(vmi), "uuid": firmware}
        names = tuple(f"openstack/latest/{name}" for name in ("meta_data.json", "user_data", "network_data.json"))
    files = {names[0]: json.dumps(meta).encode(), names[1]: user}
    return files | ({names[2]: network} if network else {})


def disks_of(vmi, secrets):
    """(volume id, path -> bytes) of each seed in the order of the spec's disks, and whether they tell the network.

    secrets: name of the Pod's volume -> key -> bytes. Of several cloud-init volumes the first counts.
    """
    volumes = {volume["name"]: volume for volume in vmi["spec"].get("volumes", [])}
    first = next((volume["name"] for volume in volumes.values() if any(kind in volume for kind in CLOUD_INIT)), "")
    found, has_network = [], False
    for name in [disk["name"] for disk in vmi["spec"]["domain"]["devices"].get("disks", [])]:
        volume = volumes.get(name, {})
        if "secret" in volume:
            found.append((volume["secret"].get("volumeLabel", ""), secrets.get(name, {})))
        for kind in CLOUD_INIT:
            if kind in volume and name == first:
                user, network = user_and_network(name, volume[kind], secrets)
                has_network = bool(network)
                found.append((LABELS[kind], cloud_init(kind, vmi, user, network)))
    return found, has_network


def write_iso(path, label, files):
    """With Joliet and Rock Ridge names; without a label as mkisofs names it."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        for name, content in files.items():
            file = pathlib.Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        volume_id = ["-volid", label] if label else []
        subprocess.run(["xorrisofs", "-quiet", "-output", path, *volume_id, "-joliet", "-rock", "-partition_cyl_align", "on", folder],
                       check=True, capture_output=True)
