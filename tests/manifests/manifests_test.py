"""deploy/coordinator at a real API server: it is accepted, applied again it moves nothing, and the coordinator's
service account may do what it needs and nothing else."""
import itertools
import json
import pathlib
import time
import unittest

import joiner_policy
import kubectl
import rights
import secrets_of_vms as vms
from kubectl import NAMESPACE, must, run

HERE = pathlib.Path(__file__).resolve().parent
COMPONENTS = ["fail-closed", "cert-manager", "service-ca", "read-user-data", "virt-ipa-joiner"]
APPLY = ["apply", "--server-side", "-f", "-"]


def setUpModule():
    kubectl.tool("kubernetes", "reset")
    unittest.addModuleCleanup(kubectl.tool, "kubernetes", "reset")
    must("apply", "--server-side", "-f", str(HERE / "cert_manager_crds.yaml"))
    # can-i knows a kind by its definition alone
    for plural, kind in (("virtualmachines", "VirtualMachine"), ("virtualmachineinstances", "VirtualMachineInstance")):
        must(*APPLY, stdin=kubectl.definition("kubevirt.io", plural, kind))
    must("wait", "--for=condition=established", "--timeout=60s", "crd", "--all")
    must("create", "namespace", "shop")


def applied():
    """The base is there; what kubectl said about it."""
    done = run(*APPLY, stdin=kubectl.render())
    assert done.returncode == 0, done.stderr
    return done.stderr


def until(what, so, seconds=30):
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Rendered(unittest.TestCase):
    """What kustomize makes of base and components, and that its parts fit each other."""

    def test_every_mix_of_components_renders_and_is_taken_by_the_server(self):
        applied()
        for count in range(len(COMPONENTS) + 1):
            for mix in itertools.combinations(COMPONENTS, count):
                if {"cert-manager", "service-ca"} <= set(mix):
                    continue  # two who make the same certificate
                with self.subTest(components=mix):
                    must("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-",
                         stdin=kubectl.render(*mix))

    def test_what_refers_to_another_object_finds_it(self):
        found = kubectl.objects(kubectl.render())
        deployment = kubectl.pick(found, "Deployment")["spec"]
        pod, labels = deployment["template"]["spec"], deployment["template"]["metadata"]["labels"]
        ports = {port["name"] for port in pod["containers"][0]["ports"]}
        for kind, at in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
            self.assertLessEqual(kubectl.pick(found, kind)["spec"][at]["matchLabels"].items(), labels.items(), kind)
        for service in (one["spec"] for one in found if one["kind"] == "Service"):
            self.assertLessEqual(service["selector"].items(), labels.items())
            self.assertLessEqual({port["targetPort"] for port in service["ports"]}, ports)
        config = next(volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume)
        kubectl.pick(found, "ConfigMap", config)
        kubectl.pick(found, "ServiceAccount", pod["serviceAccountName"])
        for entry in kubectl.pick(found, "MutatingWebhookConfiguration")["webhooks"]:
            client = entry["clientConfig"]["service"]
            service = kubectl.pick(found, "Service", client["name"])
            self.assertEqual(service["metadata"]["namespace"], client["namespace"])
            self.assertIn(client["port"], [port["port"] for port in service["spec"]["ports"]])

    def test_whoever_makes_the_certificate_makes_it_where_the_pod_looks(self):
        for component, injecting in (("cert-manager", "cert-manager.io/inject-ca-from"),
                                     ("service-ca", "service.beta.openshift.io/inject-cabundle")):
            found = kubectl.objects(kubectl.render(component))
            pod = kubectl.pick(found, "Deployment")["spec"]["template"]["spec"]
            folder = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}[
                "INNKEEPER_COORDINATOR_WEBHOOK_CERTIFICATE_DIR"]
            volume = next(mount["name"] for mount in pod["containers"][0]["volumeMounts"] if mount["mountPath"] == folder)
            secret = next(each["secret"]["secretName"] for each in pod["volumes"] if each["name"] == volume)
            client = kubectl.pick(found, "MutatingWebhookConfiguration")
            self.assertIn(injecting, client["metadata"]["annotations"])
            service = client["webhooks"][0]["clientConfig"]["service"]["name"]
            if component == "cert-manager":
                made = kubectl.pick(found, "Certificate", "innkeeper-webhook")["spec"]
                self.assertEqual((made["secretName"], made["dnsNames"]), (secret, [f"{service}.{NAMESPACE}.svc"]))
            else:
                annotations = kubectl.pick(found, "Service", service)["metadata"]["annotations"]
                self.assertEqual(annotations["service.beta.openshift.io/serving-cert-secret-name"], secret)

    def test_only_vms_with_a_word_of_their_own_are_refused_while_nobody_answers(self):
        found = kubectl.pick(kubectl.objects(kubectl.render("fail-closed")), "MutatingWebhookConfiguration")
        policies = [entry["failurePolicy"] for entry in found["webhooks"]]
        self.assertEqual(policies, ["Fail", "Ignore", "Ignore", "Ignore"])


class Applied(unittest.TestCase):
    """The base at the server."""

    def test_applied_again_it_moves_nothing_and_keeps_what_the_leader_added(self):
        text = kubectl.render()
        applied()
        bundle = vms.coded("a certificate")
        must("patch", "mutatingwebhookconfiguration", "innkeeper", "--type=json", "--field-manager=innkeeper", "-p",
             json.dumps([{"op": "add", "path": f"/webhooks/{i}/clientConfig/caBundle", "value": bundle}
                         for i in range(4)] +
                        [{"op": "add", "path": "/webhooks/3/matchConditions/-",
                          "value": {"name": "asking", "expression": "false"}}]))
        before = self.versions(text)
        applied()
        self.assertEqual(self.versions(text), before)
        entries = kubectl.get("mutatingwebhookconfiguration", "innkeeper")["webhooks"]
        self.assertEqual([entry["clientConfig"]["caBundle"] for entry in entries], [bundle] * 4)
        self.assertIn("asking", [condition["name"] for condition in entries[3]["matchConditions"]])

    @staticmethod
    def versions(text):
        """generation, or what moves with any write where a kind has none"""
        found = json.loads(must("get", "-o", "json", "-f", "-", stdin=text))["items"]
        return {(one["kind"], one["metadata"]["name"]): one["metadata"].get("generation") or
                one["metadata"]["resourceVersion"] for one in found}

    def test_the_server_warns_of_nothing(self):
        self.assertEqual(applied(), "")

    def test_its_pod_is_as_restricted_as_the_namespace_demands(self):
        applied()
        template = kubectl.pick(kubectl.objects(kubectl.render()), "Deployment")["spec"]["template"]
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
               "metadata": dict(template["metadata"], name="probe", namespace=NAMESPACE)}
        dry = ["create", "--dry-run=server", "-f", "-"]
        must(*dry, stdin=pod)
        pod["spec"]["containers"][0]["securityContext"]["capabilities"]["drop"] = []
        self.assertIn("violates PodSecurity", run(*dry, stdin=pod).stderr)


class Rights(unittest.TestCase):
    """What the service account may do."""

    @classmethod
    def setUpClass(cls):
        applied()

    def test_it_has_exactly_the_rights_of_the_table(self):
        for namespace, wanted in (("shop", rights.EVERYWHERE), ("kube-system", rights.EVERYWHERE),
                                  (NAMESPACE, rights.AT_HOME)):
            until(f"rights of {namespace}", lambda: rights.granted(namespace), 10)
            self.assertEqual(sorted(rights.granted(namespace)), sorted(wanted), namespace)

    def test_it_may_do_its_work(self):
        for question in rights.lines(rights.MAY):
            self.assertTrue(rights.may(question), question)

    def test_it_may_not_do_anything_else(self):
        for question in rights.lines(rights.MAY_NOT):
            self.assertFalse(rights.may(question), question)

    def test_users_secrets_may_be_read_only_where_somebody_allowed_it(self):
        must(*APPLY, stdin=kubectl.render("read-user-data"))
        must("create", "namespace", "lab")
        self.assertFalse(rights.may(["get", "secrets/database", "-n", "lab"]))
        must("-n", "lab", "create", "rolebinding", "innkeeper-read-user-data", "--clusterrole=innkeeper-read-user-data",
             f"--serviceaccount={NAMESPACE}:innkeeper-coordinator")
        until("the binding counts", lambda: rights.may(["get", "secrets/database", "-n", "lab"]), 10)
        self.assertFalse(rights.may(["list", "secrets", "-n", "lab"]))
        self.assertFalse(rights.may(["get", "secrets/database", "-n", "shop"]))


class SecretPolicy(unittest.TestCase):
    """What it may do with Secrets where RBAC cannot tell one from another."""

    @classmethod
    def setUpClass(cls):
        applied()
        cls.account = kubectl.Account(NAMESPACE, "innkeeper-coordinator")
        # Policies come into force a moment after they are made.
        until("the policy is in force", lambda: cls.create(vms.FOREIGN["no label"], "?dryRun=All")[0] == 422)
        must("create", "-f", "-", stdin=vms.secret("database", None, owners=[], password="canary"))

    @classmethod
    def create(cls, secret, how=""):
        return cls.account.ask("POST", f"/api/v1/namespaces/{secret['metadata']['namespace']}/secrets{how}", secret)

    def update(self, secret):
        return self.account.ask("PUT", f"/api/v1/namespaces/shop/secrets/{secret['metadata']['name']}", secret)

    def done(self, answer):
        self.assertIn(answer[0], (200, 201), answer)

    def refused(self, answer, about):
        self.assertEqual(answer[0], 422, f"{about}: {answer[1]}")
        self.assertIn("ValidatingAdmissionPolicy 'innkeeper-secrets'", answer[1], about)
        self.assertNotIn("resulted in error", answer[1], about)
        self.assertNotIn(vms.coded("canary"), answer[1], about)

    def test_ours_are_made_and_overwritten(self):
        for made in (vms.joining("made-innkeeper"), vms.user_data("made-innkeeper-user-data")):
            self.done(self.create(made))
        self.done(self.update(vms.secret("made-innkeeper", settings="state=enrolled\n")))
        now = kubectl.get("secret", "made-innkeeper", "-n", "shop")
        self.assertEqual(now["data"], {"settings": vms.coded("state=enrolled\n")})

    def test_no_other_is_made(self):
        for flaw, foreign in vms.FOREIGN.items():
            self.refused(self.create(foreign), flaw)

    def test_ours_does_not_become_another(self):
        name = "kept-innkeeper"
        self.done(self.create(vms.joining(name)))
        changes = {
            "another VM's": vms.secret(name, owners=[vms.another(uid="2")], settings="a"),
            "nobody's": vms.secret(name, owners=[], settings="a"),
            "the other part": vms.user_data(name),
            "without a label": vms.secret(name, None, settings="a"),
            "a key more": vms.secret(name, settings="a", token="b")}
        for flaw, change in changes.items():
            self.refused(self.update(change), flaw)

    def test_a_foreign_secret_stays_as_it_is_and_is_no_answer(self):
        before = kubectl.get("secret", "database", "-n", "shop")
        self.refused(self.update(vms.joining("database")), "made to look like ours")
        self.refused(self.update(vms.secret("database", None, owners=[], x="")), "another content")
        self.assertEqual(kubectl.get("secret", "database", "-n", "shop"), before)

    def test_a_secret_that_is_nearly_ours_does_not_become_ours(self):
        for flaw in vms.NEARLY_OURS:
            must("create", "-f", "-", stdin=vms.FOREIGN[flaw])
            self.refused(self.update(vms.joining("x")), flaw)
            must("delete", "secret", "x", "-n", "shop")

    # The server applies a patch before it asks a policy, and its refusals quote what the patch met.
    def test_no_secret_answers_to_a_patch(self):
        self.done(self.create(vms.joining("patched-innkeeper")))
        for name in ("database", "patched-innkeeper"):
            change = [{"op": "copy", "from": "/data/password", "path": "/type"}]
            code, answer = self.account.ask("PATCH", f"/api/v1/namespaces/shop/secrets/{name}", change,
                                            "application/json-patch+json")
            self.assertEqual(code, 403, answer)
            self.assertNotIn(vms.coded("canary"), answer)

    def test_others_are_not_bound_by_it(self):
        for flaw, foreign in vms.FOREIGN.items():
            must("create", "--dry-run=server", "-f", "-", stdin=foreign)

    def test_the_vault_is_left_out(self):
        entry = {"apiVersion": "v1", "kind": "Secret", "type": "innkeeper.dev/vault", "data": {"entry": ""},
                 "metadata": {"name": "innkeeper-vault.ca.agents", "namespace": NAMESPACE}}
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets/innkeeper-vault.ca.agents"
        self.done(self.create(entry))
        self.done(self.account.ask("PUT", path, dict(entry, data={"entry": "YQ=="})))
        code, read = self.account.ask("GET", path)
        self.assertEqual((code, json.loads(read)["data"]), (200, {"entry": "YQ=="}))
        self.done(self.account.ask("DELETE", path))


class JoinerPolicy(joiner_policy.JoinerPolicy):
    """Of this module: another one's would end with a server that was put back."""


if __name__ == "__main__":
    unittest.main(verbosity=2)
