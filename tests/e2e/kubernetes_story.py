"""Story: a labelled VirtualMachine is enrolled by its first boot, and its host goes with it."""
import base64
import unittest

from cluster import SPACE, ClusterWorld, apply, get, kubectl, machine
from parts import DOMAIN, ENV

ENROL = {"innkeeper.dev/enroll": "true"}
CONFIG = {"userData": "#cloud-config\nwrite_files:\n  - {path: /root/mine, content: written}\n"}


def decoded(secret):
    return {key: base64.b64decode(value).decode() for key, value in get("secret", secret)["data"].items()}


def reasons(name):
    return {event["reason"] for event in get("events")["items"] if event["involvedObject"]["name"] == name}


class KubernetesStory(unittest.TestCase):
    def setUp(self):
        self.assertTrue(ENV and DOMAIN, "run it through tests/env/in_env")
        self.world = ClusterWorld(self)

    def guest(self, name):
        done = kubectl.run("get", "guest", name, "-n", SPACE, "-o", "jsonpath={.status.conditions[?(@.type=='Enrolled')].status}")
        return done.stdout.strip() if done.returncode == 0 else "none"

    def test_a_labelled_vm_is_enrolled_from_its_first_boot_and_cleaned_up(self):
        world, name = self.world, f"web-{self.world.tag}"
        fqdn = f"{name}.{DOMAIN}"
        world.play()
        wanted = machine(name, CONFIG, labels=ENROL)
        apply(wanted)
        self.is_prepared(name)
        generation = get("vm", name)["metadata"]["generation"]
        apply(wanted)
        self.assertEqual(get("vm", name)["metadata"]["generation"], generation, "applied again, it is as it was")

        world.until("it is enrolled", lambda: self.guest(name) == "True", 600)
        self.assertTrue(world.has_keytab(fqdn))
        self.assertEqual(world.inside_vm(name, "cat /root/mine").strip(), "written", "the user's own part ran")
        self.assertIn("uid=", world.inside_vm(name, "id admin"))
        world.until("the password is overwritten", lambda: decoded(f"{name}-innkeeper") == {"settings": "state=enrolled\n"}, 60)
        world.until("events are told", lambda: {"Enrolled", "IPAEnrollmentComplete", "HostRegistered", "IPAEnrollSuccess"} <= reasons(name), 30)
        self.assertIn(fqdn, kubectl.must("get", "gst", "-n", SPACE))

        kubectl.must("delete", "vm", name, "-n", SPACE, "--timeout=120s")
        world.until("the host is gone", lambda: world.host_is_gone(fqdn), 120)
        world.until("the Guest is gone", lambda: self.guest(name) == "none", 60)
        self.assertEqual(kubectl.must("get", "secrets,vm,vmi", "-n", SPACE, "-o", "name"), "")

    def is_prepared(self, name):
        spec = get("vm", name)["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        self.assertEqual(volumes["innkeeper"]["secret"]["secretName"], f"{name}-innkeeper")
        self.assertEqual(volumes["cloudinit"]["cloudInitNoCloud"], {"secretRef": {"name": f"{name}-innkeeper-user-data"}})


if __name__ == "__main__":
    unittest.main(verbosity=2)
