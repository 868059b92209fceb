"""A cluster's bad days, at the real API server and the real FreeIPA: no guest boots here, and none is needed to see that
nobody is blocked, that nothing is left behind, and that nothing of others is touched."""
import base64
import unittest

import freeipa
from cluster import SPACE, ClusterWorld, apply, get, kubectl, machine
from kubevirt.api import GUEST, VM, ApiServer, Refused
from parts import DOMAIN, ENV, env

ENROL = {"innkeeper.dev/enroll": "true"}
TEXT = {"userData": "#cloud-config\n{}\n"}
TRIALS = 500  # dry runs, and as many refused creates


def settings(name):
    """What the VM's disk says; "" where its Secret is not there."""
    done = kubectl.run("get", "secret", f"{name}-innkeeper", "-n", SPACE, "-o", "jsonpath={.data.settings}")
    return base64.b64decode(done.stdout).decode() if done.returncode == 0 else ""


def condition(name, kind):
    done = kubectl.run("get", "guest", name, "-n", SPACE, "-o", f"jsonpath={{.status.conditions[?(@.type=='{kind}')].reason}}")
    return done.stdout.strip()


class ClusterDays(unittest.TestCase):
    def setUp(self):
        self.assertTrue(ENV and DOMAIN, "run it through tests/env/in_env")
        self.world = ClusterWorld(self, {"reconcile_deadline": "10s"}, pending_after="3s")
        self.server = ApiServer()
        self.addCleanup(self.server.close)

    def test_the_bad_days_of_a_cluster(self):
        for day in (self.dry_runs_and_refused_creates, self.directory_down_before_the_vm, self.coordinator_dead,
                    self.finalizer_by_hand, self.nonsense_and_poison):
            with self.subTest(day=day.__name__):
                day()

    # ---- verbs

    def name(self, stem):
        return f"{stem}-{self.world.tag}"

    def vm(self, stem, *options, labels=ENROL, strategy="Halted"):
        apply(machine(self.name(stem), TEXT, strategy, labels), *options)
        return self.name(stem)

    def registered(self, name, seconds=60):
        self.world.until(f"{name} is registered", lambda: condition(name, "HostRegistered") == "HostRegistered", seconds)
        self.assertEqual(len(freeipa.hosts(name)), 1)

    def gone(self, name):
        """With the VM goes its Guest (the collector is played by hand), with that the host."""
        kubectl.must("delete", "vm", name, "-n", SPACE)
        kubectl.must("delete", "guest", name, "-n", SPACE, "--wait=false")
        kubectl.must("delete", "secret", "-n", SPACE, "--ignore-not-found", f"{name}-innkeeper", f"{name}-innkeeper-user-data")
        self.world.until(f"{name} is gone", lambda: self.server.find(GUEST, SPACE, name) is None, 60)
        self.assertEqual(freeipa.hosts(name), [])

    # ---- the days

    def dry_runs_and_refused_creates(self):
        """They never leave the API server."""
        wanted = machine(self.name("dry"), TEXT, "Always", ENROL)
        wanted["metadata"]["namespace"] = SPACE
        refused = machine("x" * 64 + ".bad_name", TEXT, "Always", ENROL)
        refused["metadata"]["namespace"] = SPACE
        for _ in range(TRIALS):
            whole = {"apiVersion": VM.version, "kind": VM.name, **wanted}
            prepared = self.server.call("POST", VM.path(SPACE) + "?dryRun=All", whole)
            self.assertIn("innkeeper.dev/prepared", prepared["metadata"]["annotations"], "the webhook saw it")
            with self.assertRaises(Refused):
                self.server.create(VM, refused)
        self.vm("after")  # what was to come of them would have come before this one
        self.registered(self.name("after"))
        self.assertEqual([one["metadata"]["name"] for one in get("guests")["items"]], [self.name("after")])
        self.assertEqual(len(get("secrets")["items"]), 2)
        self.assertEqual(freeipa.hosts(self.name("dry")), [])
        self.gone(self.name("after"))

    def directory_down_before_the_vm(self):
        """A launcher pod never waits for FreeIPA; the password follows when it is back."""
        env("freeipa", "pause")
        try:
            name = self.vm("early")
            self.world.until("it can boot", lambda: settings(name) == "state=pending\n", 30)
            self.assertTrue(get("secret", f"{name}-innkeeper-user-data")["data"]["userdata"])
            self.world.until("it says why", lambda: condition(name, "Enrolled") == "IpaUnavailable", 60)
        finally:
            env("freeipa", "resume")
        self.world.until("its disk has a password", lambda: settings(name).startswith("state=ready\n"), 90)
        self.registered(name)
        self.gone(name)

    def coordinator_dead(self):
        """Whoever creates a VM does not notice; what asked is enrolled later."""
        self.world.coordinator.kill()
        plain, asking = self.vm("plain", labels={}), self.vm("asking")
        self.world.start_coordinator()
        self.registered(asking)
        self.assertFalse(kubectl.run("get", "guest", plain, "-n", SPACE).returncode == 0)
        kubectl.must("delete", "vm", plain, "-n", SPACE)
        self.gone(asking)

    def finalizer_by_hand(self):
        """A Guest that somebody made by the name of another's host, with our finalizer: the host stays."""
        name = self.name("theirs")
        freeipa.ipa(f"ipa host-add {name}.{DOMAIN} --force --desc theirs")
        before = freeipa.hosts(name)
        self.server.create(GUEST, {"metadata": {"namespace": SPACE, "name": name, "finalizers": ["innkeeper.dev/identity"],
                                                "labels": {"innkeeper.dev/vm-uid": "11111111-2222-4333-8444-555555555555"}},
                                   "spec": {"identity": {"enroll": True, "fqdn": f"{name}.{DOMAIN}"}}})
        self.world.until("it was looked at", lambda: condition(name, "Enrolled"), 60)
        kubectl.must("delete", "guest", name, "-n", SPACE, "--timeout=60s")
        self.assertEqual(freeipa.hosts(name), before)
        freeipa.ipa(f"ipa host-del {name}.{DOMAIN}")

    def nonsense_and_poison(self):
        """One Guest whose spec no policy allows, and one Secret that is a stranger's: the others go on."""
        stranger = self.name("stranger")
        kubectl.must("create", "secret", "generic", f"{stranger}-innkeeper", "-n", SPACE, "--from-literal=settings=mine")
        self.vm("stranger")
        bad = self.vm("bad")
        self.registered(bad)
        change = {"spec": {"identity": {"hostGroups": ["admins-only"]}}}
        self.server.patch(GUEST, {"metadata": {"namespace": SPACE, "name": bad}}, change)
        good = self.vm("good")
        self.registered(good)
        self.world.until("its disk is loaded", lambda: settings(good).startswith("state=ready\n"), 60)
        self.assertEqual(settings(stranger), "mine")
        self.world.until("the stranger's is told", lambda: condition(stranger, "Enrolled") == "DiskNotWritten", 60)
        for name in (stranger, bad, good):
            self.gone(name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
