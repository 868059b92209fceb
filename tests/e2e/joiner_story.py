"""A cluster that comes from virt-ipa-joiner, at the real API server and the real FreeIPA: hosts and VMs made just as the
joiner makes them are shown, adopted while FreeIPA allows it, and cleaned up when their VMs go. No guest boots here."""
import json
import pathlib
import unittest
import uuid

import freeipa
from cluster import SPACE, ClusterWorld, apply, get, kubectl, machine
from parts import DOMAIN, ENV

ASKS = {"ipa-enroll": "true"}
FINALIZER = "ipa.enroll/cleanup"
TEXT = {"userData": "#cloud-config\n{}\n"}


class JoinerWorld(ClusterWorld):
    """With the component virt-ipa-joiner, and names as the joiner makes them."""
    components = ("virt-ipa-joiner",)

    def write_config(self):
        super().write_config()
        path = pathlib.Path(self.config)
        document = json.loads(path.read_text(encoding="utf-8"))
        document["virt_ipa_joiner"] = {"marks": True}
        document["policy"] = [{"namespaces": "*", "template": "{vm}.{namespace}.{domain}"}]
        path.write_text(json.dumps(document), encoding="utf-8")


class Joiner(unittest.TestCase):
    def setUp(self):
        self.assertTrue(ENV and DOMAIN, "run it through tests/env/in_env")
        self.world = JoinerWorld(self)
        self.passwords = []

    # ---- verbs

    def name(self, stem):
        return f"{stem}-{self.world.tag}"

    def fqdn(self, stem):
        return f"{self.name(stem)}.{SPACE}.{DOMAIN}"

    def joined_host(self, stem):
        """As the joiner leaves one whose guest has joined."""
        uid = self.joiner_host(stem, "")
        freeipa.ipa(f"ipa-getkeytab -p host/{self.fqdn(stem)} -k /tmp/joiner.keytab")
        return uid

    def joiner_host(self, stem, password="--password={uid}"):
        uid = str(uuid.uuid4())
        self.passwords.append(uid)
        description = f"Created by virt-ipa-joiner at 2026-01-02 03:04:05 | K8s UID: {uid}"
        freeipa.ipa(f"ipa host-add {self.fqdn(stem)} --force --desc '{description}' {password.format(uid=uid)}")
        self.addCleanup(freeipa.ipa, f"ipa host-del {self.fqdn(stem)}")
        return uid

    def vm(self, stem, labels=ASKS):
        one = machine(self.name(stem), TEXT, "Halted", labels)
        one["metadata"]["finalizers"] = [FINALIZER]
        apply(one)
        return self.name(stem)

    def metadata(self, stem):
        done = kubectl.run("get", "vm", self.name(stem), "-n", SPACE, "-o", "json")
        return json.loads(done.stdout)["metadata"] if done.returncode == 0 else None

    def in_conflict(self, stem):
        def so():
            found = [one for one in get("guests")["items"] if one["metadata"]["name"] == self.name(stem)]
            return found and found[0].get("status", {}).get("phase") == "Conflict"
        self.world.until(f"{stem} is in conflict", so, 60)

    def adopt(self, *arguments, check=True):
        done = self.world.cli("adopt", "virt-ipa-joiner", "-o", "json", *arguments, check=check)
        rows = json.loads(done.stdout).get("hosts", []) if done.returncode in (0, 1) else []
        return done.returncode, {row["fqdn"]: row for row in rows if self.world.tag in row["fqdn"]}

    def administer(self, verb):
        self.world.run("innkeeper-coordinator", "--config", self.world.config, "ipa", verb, "virt-ipa-joiner", "--yes",
                       stdin=freeipa.os.environ["IPA_ADMIN_PASSWORD"] + "\n")

    # ---- the story

    def test_hosts_of_the_joiner_become_ours_and_go_with_their_vms(self):
        self.joined_host("web")
        otp = self.joiner_host("waits")
        self.joiner_host("lost")
        freeipa.ipa(f"ipa host-add {self.fqdn('theirs')} --force --desc theirs")
        self.addCleanup(freeipa.ipa, f"ipa host-del {self.fqdn('theirs')}")
        for stem in ("web", "waits", "theirs"):
            self.vm(stem)
            self.in_conflict(stem)
        self.vm("strange", {})
        self.world.until("it says why", lambda: "ipa-enroll/error" in self.metadata("theirs")["annotations"], 30)
        self.assertEqual(self.metadata("theirs")["generation"], 1)
        self.shown()
        self.adopted(otp)
        self.deleted()
        self.no_password_is_told()

    def shown(self):
        code, rows = self.adopt()
        self.assertEqual(code, 0)
        actions = {stem: rows[self.fqdn(stem)]["action"] for stem in ("web", "waits", "lost", "strange")}
        self.assertEqual(actions, {"web": "adopt", "waits": "adopt", "lost": "leave", "strange": "leave"}, rows)
        self.assertEqual(rows[self.fqdn("web")]["state"], "enrolled")
        self.assertEqual(rows[self.fqdn("waits")]["state"], "password")
        self.assertEqual(self.adopt("--apply", check=False)[0], 4, "FreeIPA does not allow it yet")
        self.assertIn("Created by virt-ipa-joiner", freeipa.ipa_host(self.fqdn("web")))

    def adopted(self, otp):
        self.assertTrue(freeipa.takes_password(self.fqdn("waits"), otp))
        self.administer("grant")
        code, rows = self.adopt("--apply")
        self.assertEqual(code, 0)
        for stem in ("web", "waits"):
            self.assertEqual(rows[self.fqdn(stem)]["action"], "adopted", rows)
            host = freeipa.ipa_host(self.fqdn(stem))
            self.assertIn(f"Description: Innkeeper guest {SPACE}/{self.name(stem)}", host)
            self.assertIn(f":{SPACE}/{self.name(stem)}:", host)
        self.assertIn("Keytab: True", freeipa.ipa_host(self.fqdn("web")), "its key is kept")
        self.assertFalse(freeipa.takes_password(self.fqdn("waits"), otp), "everybody could read it")
        self.assertIn("Created by virt-ipa-joiner", freeipa.ipa_host(self.fqdn("lost")))
        self.administer("withdraw")
        self.assertEqual(set(self.adopt("--apply")[1]), {self.fqdn(stem) for stem in ("lost", "strange", "theirs")})

    def deleted(self):
        for stem in ("web", "theirs", "strange"):
            kubectl.must("delete", "vm", self.name(stem), "-n", SPACE, "--wait=false")
        for stem in ("web", "theirs"):
            self.world.until(f"{stem} is gone", lambda stem=stem: self.metadata(stem) is None, 90)
        self.assertTrue(self.world.host_is_gone(self.fqdn("web")), "before its VM")
        self.assertIn("Description: theirs", freeipa.ipa_host(self.fqdn("theirs")))
        reasons = {(one["involvedObject"]["name"], one["reason"]) for one in get("events")["items"]}
        self.assertIn((self.name("theirs"), "HostLeft"), reasons)
        self.assertIn((self.name("web"), "FinalizerTakenOff"), reasons)
        self.assertEqual(self.metadata("strange")["finalizers"], [FINALIZER], "it was never ours")
        kubectl.must("patch", "vm", self.name("strange"), "-n", SPACE, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')

    def no_password_is_told(self):
        said = self.world.logs() + json.dumps(get("events")) + json.dumps(get("guests"))
        said += pathlib.Path(self.world.directory, "coordinator.log").read_text(encoding="utf-8")
        for password in self.passwords:
            self.assertNotIn(password, said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
