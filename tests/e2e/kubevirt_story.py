#!/usr/bin/env -S python3 -B
"""Story: the tests' KubeVirt boots a real guest from the objects of a real API server, as the real one would.

One guest boots twice. The guests of stories about enrolment with Kubernetes rely on what is seen here.
"""
import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import unittest

from kubevirt import KubeVirt
from parts import env
from world import HOST

SPACE, NAME, SECRET = "shop", "web", "web-disk"
HOLD = "innkeeper.dev/identity"
GUEST_CRD = pathlib.Path(__file__).resolve().parents[2] / "deploy/coordinator/crd-guests.yaml"
USER_DATA = """#cloud-config
write_files:
  - {path: /root/from-user-data, content: written}
runcmd:
  - [sh, -c, 'echo ran >>/root/instances']
"""


def kubectl(*arguments, stdin=None):
    return env("kubernetes", "kubectl", "-n", SPACE, *arguments, stdin=stdin)


def get(*what):
    return json.loads(kubectl("get", *what, "-o", "json"))


def names(kind):
    return kubectl("get", kind, "-o", "name").split()


def machine(strategy="Always"):
    disks = [{"name": name, "disk": {"bus": "virtio"}} for name in ("root", "cloudinit", "extra")]
    volumes = [
        {"name": "root", "persistentVolumeClaim": {"claimName": "web-root"}},
        {"name": "cloudinit", "cloudInitNoCloud": {"userData": USER_DATA}},
        {"name": "extra", "secret": {"secretName": SECRET, "volumeLabel": "INNKEEPER"}},
    ]
    domain = {"cpu": {"cores": 2}, "memory": {"guest": "768Mi"}, "devices": {"disks": disks}}
    template = {"metadata": {"labels": {"app": "web"}},
                "spec": {"domain": domain, "volumes": volumes, "terminationGracePeriodSeconds": 90}}
    return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"namespace": SPACE, "name": NAME},
            "spec": {"runStrategy": strategy, "template": template}}


def owners(vm):
    return [{"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "name": NAME, "uid": vm["metadata"]["uid"]}]


def guest(vm):
    metadata = {"namespace": SPACE, "name": NAME, "ownerReferences": owners(vm), "finalizers": [HOLD]}
    return {"apiVersion": "innkeeper.dev/v1alpha1", "kind": "Guest", "metadata": metadata, "spec": {}}


def secret(vm, **content):
    data = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": SPACE, "name": SECRET, "ownerReferences": owners(vm)}, "data": data}


def apply(one):
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(one))


def strategy(value):
    kubectl("patch", "vm", NAME, "--type=merge", "-p", json.dumps({"spec": {"runStrategy": value}}))


def uid_of(vmi):
    return vmi["metadata"]["uid"] if vmi else ""


def domains():
    return env("libvirt", "virsh", HOST, "list", "--name").split()


class PlayedKubeVirt(unittest.TestCase):
    def setUp(self):
        env("kubernetes", "reset")
        self.addCleanup(env, "kubernetes", "reset")
        env("kubernetes", "kubevirt")
        kubectl("apply", "-f", str(GUEST_CRD))
        kubectl("wait", "--for=condition=established", "crd/guests.innkeeper.dev")
        kubectl("create", "namespace", SPACE)

    def play(self):
        self.kubevirt = KubeVirt("node-1", HOST)
        self.addCleanup(self.kubevirt.stop)

    def wait(self, so, what, seconds=60):
        return self.kubevirt.wait(SPACE, NAME, so, what, seconds)

    def inside(self, script):
        return env("guest", "run", self.kubevirt.guest(SPACE, NAME), stdin=script)

    def disk(self):
        return self.inside("mount -o ro /dev/disk/by-label/INNKEEPER /mnt && cat /mnt/settings; umount /mnt").strip()

    def test_a_guest_boots_from_its_objects_stops_starts_and_goes(self):
        self.play()
        self.waits_for_its_secret()
        first = self.boots("first")
        self.shows_what_kubevirt_shows(first)
        self.stops()
        self.starts_again_with_the_secret_of_now(first)
        self.keeps_an_instance_when_its_template_changes()
        self.follows_through_a_restart_of_the_server()
        self.goes()

    def waits_for_its_secret(self):
        apply(machine())
        self.wait(lambda _: self.kubevirt.instances.waiting, "the Pod waits for its Secret")
        with self.assertRaises(AssertionError):  # and goes on waiting
            self.wait(lambda vmi: vmi["status"]["phase"] != "Scheduling", "another phase", 5)
        self.assertEqual([pod["status"]["phase"] for pod in get("pods")["items"]], ["Pending"])
        self.assertEqual(get("vm", NAME)["status"]["printableStatus"], "Starting")
        self.assertNotIn("shop_web", domains())

    def boots(self, content):
        apply(secret(get("vm", NAME), settings=content))
        vmi = self.kubevirt.wait_agent(SPACE, NAME)
        self.inside("cloud-init status --wait >/dev/null")
        self.assertEqual(self.inside("cat /root/from-user-data; echo; hostname").split(), ["written", NAME])
        self.assertEqual(self.disk(), content)
        return vmi

    def shows_what_kubevirt_shows(self, vmi):
        [pod] = get("pods")["items"]
        labels = pod["metadata"]["labels"]
        self.assertEqual((labels["kubevirt.io/created-by"], labels["app"]), (vmi["metadata"]["uid"], "web"))
        self.assertEqual((vmi["status"]["nodeName"], pod["spec"]["nodeName"], pod["status"]["phase"]), ("node-1", "node-1", "Running"))
        self.assertTrue(pod["status"]["containerStatuses"][0]["ready"])
        [mounted] = [volume["secret"]["secretName"] for volume in pod["spec"]["volumes"] if "secret" in volume]
        self.assertEqual(mounted, SECRET)
        uuid = env("libvirt", "virsh", HOST, "domuuid", "shop_web").strip()
        self.assertEqual(vmi["spec"]["domain"]["firmware"]["uuid"], uuid)
        self.assertEqual(get("vm", NAME)["status"]["printableStatus"], "Running")
        address = vmi["status"]["interfaces"][0]["ipAddress"]
        with self.assertRaises(ConnectionRefusedError):  # an answer all the same
            socket.create_connection((address, 9), 30)

    def stops(self):
        strategy("Halted")  # a graceful one: what the guest wrote last is on its disk
        self.kubevirt.wait_gone(SPACE, NAME)
        self.assertEqual((names("pods"), domains()), ([], []))
        self.wait(lambda _: get("vm", NAME)["status"]["printableStatus"] == "Stopped", "the machine is stopped")

    def starts_again_with_the_secret_of_now(self, first):
        apply(secret(get("vm", NAME), settings="second"))
        strategy("Always")
        second = self.kubevirt.wait_agent(SPACE, NAME)
        self.assertNotEqual(uid_of(first), uid_of(second))
        self.assertEqual(first["spec"]["domain"]["firmware"], second["spec"]["domain"]["firmware"])
        self.inside("cloud-init status --wait >/dev/null")
        self.assertEqual(self.disk(), "second")
        self.assertEqual(self.inside("cat /root/from-user-data; echo; cat /root/instances").split(), ["written", "ran"])

    def restart_required(self):
        return any(one["type"] == "RestartRequired" for one in get("vm", NAME)["status"].get("conditions", []))

    def keeps_an_instance_when_its_template_changes(self):
        change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 0}}}}
        kubectl("patch", "vm", NAME, "--type=merge", "-p", json.dumps(change))
        self.wait(lambda _: self.restart_required(), "a restart is required")
        self.assertEqual(get("vmi", NAME)["spec"]["terminationGracePeriodSeconds"], 90)

    def follows_through_a_restart_of_the_server(self):
        """And makes a new instance, of the template of now, for a guest that powered itself off."""
        env("kubernetes", "restart")
        second = get("vmi", NAME)
        self.inside("(sleep 1; systemctl poweroff) >/dev/null 2>&1 </dev/null &")
        third = self.wait(lambda vmi: uid_of(vmi) not in ("", uid_of(second)), "a new instance", 300)
        self.assertEqual(third["spec"]["terminationGracePeriodSeconds"], 0)
        self.wait(lambda _: not self.restart_required(), "no restart is required")

    def goes(self):
        """A Guest is asked to go, and goes when who holds it lets it."""
        apply(guest(get("vm", NAME)))
        kubectl("delete", "vm", NAME, "--timeout=120s")
        self.kubevirt.wait_gone(SPACE, NAME)
        self.wait(lambda _: not names("secrets") + names("pods") + names("vm"), "all that it owned is gone")
        self.wait(lambda _: "deletionTimestamp" in get("guest", NAME)["metadata"], "the Guest is asked to go")
        kubectl("patch", "guest", NAME, "--type=merge", "-p", '{"metadata": {"finalizers": []}}')
        self.assertEqual(names("guests"), [])
        self.assertEqual(domains(), [])
        self.kubevirt.stop()
        self.assertFalse(pathlib.Path(self.kubevirt.folder.name).exists())
        self.assertEqual(get("nodes")["items"], [])

    def test_the_program_ends_on_sigterm_and_leaves_nobody_waiting(self):
        program = [str(pathlib.Path(__file__).with_name("play_kubevirt.py")), "run", "--node", "node-2", "--host", HOST]
        with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=os.environ) as played:
            self.addCleanup(played.kill)
            apply(machine())
            for line in played.stderr:
                if "pod waits for secrets web-disk" in line:
                    break
            self.assertIn("kubevirt.io/virtualMachineControllerFinalize", get("vm", NAME)["metadata"]["finalizers"])
            played.send_signal(signal.SIGTERM)
            said = played.stderr.read()
            self.assertEqual(played.wait(60), 0, said)
        kubectl("delete", "vm,vmi", "--all", "--timeout=30s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
