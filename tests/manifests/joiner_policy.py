"""What the component virt-ipa-joiner lets the coordinator do with VirtualMachines, and what not."""
import json
import time
import unittest

import kubectl
from kubectl import NAMESPACE, must

FINALIZERS = ["kubevirt.io/virtualMachineControllerFinalize", "ipa.enroll/cleanup", "example.com/mine"]
STATUS, ERROR = "/metadata/annotations/ipa-enroll~1status", "/metadata/annotations/ipa-enroll~1error"


def machine(name, finalizers=()):
    return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
            "metadata": {"name": name, "namespace": "shop", "annotations": {"mine": "1", "ipa-enroll/error": "Failed: x"},
                         "labels": {"ipa-enroll": "true"}, "finalizers": list(finalizers)},
            "spec": {"runStrategy": "Always", "template": {"spec": {"domain": {}}}}}


def add(path, value):
    return {"op": "add", "path": path, "value": value}


class JoinerPolicy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = kubectl.render("virt-ipa-joiner")
        # The webhook is nobody here, and VMs of others' making must not wait for it.
        parts = [one for one in kubectl.objects(text) if one["kind"] != "MutatingWebhookConfiguration"]
        must("apply", "--server-side", "--force-conflicts", "-f", "-",
             stdin={"apiVersion": "v1", "kind": "List", "items": parts})
        must("delete", "mutatingwebhookconfiguration", "innkeeper", "--ignore-not-found")
        cls.account = kubectl.Account(NAMESPACE, "innkeeper-coordinator")
        # A kind is served a moment after it is established.
        cls.until("the kind is served", lambda: kubectl.run("get", "virtualmachines", "-A").returncode == 0 and
                  kubectl.run("create", "--dry-run=server", "-f", "-", stdin=machine("probe")).returncode == 0)
        for name in ("staying", "held", "going", "policed"):
            must("apply", "-f", "-", stdin=machine(name, FINALIZERS if name in ("held", "going") else ()))
        must("delete", "virtualmachines", "going", "-n", "shop", "--wait=false")
        # Rights and policies come into force a moment after they are made.
        cls.until("the policy is in force",
                  lambda: cls.patch("policed", add("/metadata/annotations/other", "2"), dry=True)[0] == 422)

    @staticmethod
    def until(what, so):
        end = time.monotonic() + 60
        while not so():
            assert time.monotonic() < end, what
            time.sleep(0.1)

    @classmethod
    def tearDownClass(cls):
        for name in ("held", "going"):
            must("patch", "virtualmachines", name, "-n", "shop", "--type=merge", "-p", '{"metadata":{"finalizers":[]}}')
        must("delete", "virtualmachines", "--all", "-n", "shop", "--ignore-not-found")
        must("delete", "clusterrolebinding", "innkeeper-virt-ipa-joiner")

    @classmethod
    def patch(cls, name, *changes, dry=False):
        path = f"/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/{name}" + ("?dryRun=All" if dry else "")
        return cls.account.ask("PATCH", path, list(changes), "application/json-patch+json")

    def done(self, name, *changes):
        before = kubectl.get("virtualmachines", name, "-n", "shop")["metadata"]["generation"]
        code, answer = self.patch(name, *changes)
        self.assertEqual(code, 200, answer)
        self.assertEqual(json.loads(answer)["metadata"]["generation"], before)

    def refused(self, name, about, *changes):
        code, answer = self.patch(name, *changes)
        self.assertEqual(code, 422, f"{about}: {answer}")
        self.assertIn("ValidatingAdmissionPolicy 'innkeeper-virtual-machines'", answer, about)
        self.assertNotIn("resulted in error", answer, about)

    def test_the_two_annotations_are_written_and_taken_away(self):
        self.done("staying", add(STATUS, "Enrolled as x"), {"op": "remove", "path": ERROR})
        self.done("staying", {"op": "remove", "path": STATUS})

    def test_the_finalizer_goes_from_a_deleted_vm_only_and_alone(self):
        drop = {"op": "remove", "path": "/metadata/finalizers/1"}
        self.refused("held", "not deleted", drop)
        self.refused("going", "another's", {"op": "remove", "path": "/metadata/finalizers/0"})
        self.refused("going", "all", {"op": "replace", "path": "/metadata/finalizers", "value": []})
        self.done("going", {"op": "test", "path": "/metadata/finalizers/1", "value": FINALIZERS[1]}, drop)

    def test_nothing_else_of_a_vm_is_changed(self):
        for about, change in {
                "spec": add("/spec/runStrategy", "Halted"), "a label": add("/metadata/labels/x", "y"),
                "an annotation more": add("/metadata/annotations/x", "y"),
                "another's annotation": add("/metadata/annotations/mine", "2"),
                "an annotation less": {"op": "remove", "path": "/metadata/annotations/mine"},
                "a finalizer more": add("/metadata/finalizers", ["example.com/x"]),
                "an owner": add("/metadata/ownerReferences",
                                [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "1"}])}.items():
            self.refused("staying", about, change)

    def test_others_are_not_bound_by_it(self):
        must("patch", "virtualmachines", "staying", "-n", "shop", "--type=merge", "-p", '{"spec":{"runStrategy":"Halted"}}')
