"""A coordinator whose home is a Kubernetes API server, with the rights that deploy/coordinator gives it and no others."""
import json
import os
import pathlib
import sys

from kubevirt import KubeVirt
from parts import env
from world import HOST, World, free_port

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "manifests"))
import kubectl  # noqa: E402

NODE, SPACE = "node-1", "lab"
# What a pod would be: the coordinator runs beside the server here.
NOT_HERE = ("Deployment", "PodDisruptionBudget", "MutatingWebhookConfiguration")


def get(*what):
    return json.loads(kubectl.must("get", "-n", SPACE, "-o", "json", *what))


def apply(one, *options):
    kubectl.must("apply", "-n", SPACE, *options, "-f", "-", stdin=one)


class ClusterWorld(World):
    """As World; its guests are VirtualMachines in namespace `lab`, played on one node."""
    components = ()  # of deploy/coordinator

    def __init__(self, case, timings=(), pending_after="30s"):
        self.pending_after = pending_after
        env("kubernetes", "reset")
        case.addCleanup(env, "kubernetes", "reset")
        env("kubernetes", "kubevirt")
        self.webhook = free_port()
        self.deploy()
        super().__init__(case, timings)
        self.until("the webhook is trusted", self.trusted, 30)

    def deploy(self):
        kubectl.must("apply", "--server-side", "-f", str(kubectl.BASE / "crd-guests.yaml"))
        kubectl.must("wait", "--for=condition=established", "crd/guests.innkeeper.dev")
        found = kubectl.objects(kubectl.render(*self.components))
        webhook = kubectl.pick(found, "MutatingWebhookConfiguration")
        for entry in webhook["webhooks"]:
            entry["clientConfig"] = {"url": f"https://127.0.0.1:{self.webhook}/mutate-virtualmachine"}
        first = [one for one in found if one["kind"] == "Namespace"]
        rest = [one for one in found if one["kind"] not in NOT_HERE and one not in first]
        for one in first + rest + [webhook]:
            kubectl.must("apply", "--server-side", "-f", "-", stdin=one)
        kubectl.must("create", "namespace", SPACE)

    @staticmethod
    def trusted():
        configuration = json.loads(kubectl.must("get", "mutatingwebhookconfiguration", "innkeeper", "-o", "json"))
        return all(entry["clientConfig"].get("caBundle") for entry in configuration["webhooks"])

    def write_config(self):
        super().write_config()
        kubeconfig = self.directory / "kubeconfig"
        kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "coordinator", "namespace": kubectl.NAMESPACE}}],
            "clusters": [{"name": "here", "cluster": {"server": os.environ["KUBE_SERVER"], "certificate-authority": os.environ["KUBE_CA_FILE"]}}],
            "users": [{"name": "coordinator", "user": {"token": self.token()}}]}), encoding="utf-8")
        path = pathlib.Path(self.config)
        document = json.loads(path.read_text(encoding="utf-8"))
        document["home"] = "kubernetes"
        document["kubernetes"] = {"kubeconfig": str(kubeconfig), "pending_after": self.pending_after}
        document["webhook"] = {"listen": f"127.0.0.1:{self.webhook}", "names": ["127.0.0.1"]}
        path.write_text(json.dumps(document), encoding="utf-8")

    @staticmethod
    def token():
        return kubectl.must("-n", kubectl.NAMESPACE, "create", "token", "innkeeper-coordinator", "--duration=12h").strip()

    def play(self):
        """KubeVirt on one node, with an agent beside its libvirtd."""
        self.kubevirt = KubeVirt(NODE, HOST)
        self.case.addCleanup(self.kubevirt.stop)
        self.start_agent(NODE, HOST)

    def inside_vm(self, name, script):
        return env("guest", "run", self.kubevirt.guest(SPACE, name), stdin=script)


def machine(name, user_data, strategy="Always", labels=()):
    """A VirtualMachine as a person writes it. `user_data`: of its cloudInitNoCloud volume; None: it has none."""
    disks = [{"name": "root", "disk": {"bus": "virtio"}}]
    volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": f"{name}-root"}}]
    if user_data is not None:
        disks.append({"name": "cloudinit", "disk": {"bus": "virtio"}})
        volumes.append({"name": "cloudinit", "cloudInitNoCloud": user_data})
    domain = {"cpu": {"cores": 2}, "memory": {"guest": "768Mi"}, "devices": {"disks": disks}}
    return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
            "metadata": {"name": name, "labels": dict(labels)},
            "spec": {"runStrategy": strategy, "template": {"spec": {"domain": domain, "volumes": volumes}}}}
