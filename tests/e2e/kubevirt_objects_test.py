#!/usr/bin/env -S python3 -B
"""What the tests' KubeVirt makes of a VirtualMachine, decided without any server or guest."""
import base64
import json
import unittest

from kubevirt.api import SECRET, VM, VMI
from kubevirt.domain import mebibytes, size_of
from kubevirt.kubelet import claim_of
from kubevirt.objects import instance_of, instance_spec, launcher_of, printable_status, secrets_of, shall_run
from kubevirt.seed import disks_of


def machine(*volumes, uid="1111", **spec):
    disks = [{"name": volume["name"], "disk": {}} for volume in volumes]
    template = {"metadata": {"labels": {"app": "web"}, "annotations": {"note": "kept"}},
                "spec": {"domain": {"devices": {"disks": disks}}, "volumes": list(volumes)}}
    return {"metadata": {"namespace": "shop", "name": "web", "uid": uid, "generation": 3}, "spec": {"template": template, **spec}}


def instance(*volumes):
    made = instance_of(machine(*volumes), VM)
    made["metadata"]["uid"] = "2222"
    return made


def encoded(text):
    return base64.b64encode(text).decode()


class Objects(unittest.TestCase):
    def test_paths_are_those_of_core_and_of_groups(self):
        self.assertEqual(SECRET.path("shop", "a"), "/api/v1/namespaces/shop/secrets/a")
        self.assertEqual(VM.path("shop", "a", "status"), "/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/a/status")
        self.assertEqual(VMI.path(), "/apis/kubevirt.io/v1/virtualmachineinstances")

    def test_an_instance_is_its_machines_template_with_a_uuid_that_stays(self):
        vm = machine()
        made = instance_of(vm, VM)
        self.assertEqual(made["spec"], instance_spec(vm))
        self.assertEqual(made["metadata"]["labels"], {"app": "web"})
        self.assertEqual(made["metadata"]["annotations"], {"note": "kept", "kubevirt.io/vm-generation": "3"})
        [owner] = made["metadata"]["ownerReferences"]
        self.assertEqual((owner["kind"], owner["uid"], owner["controller"]), ("VirtualMachine", "1111", True))
        self.assertNotEqual(made["spec"]["domain"]["firmware"], instance_spec(machine(uid="3333"))["domain"]["firmware"])

    def test_a_uuid_that_the_user_gave_is_the_firmwares(self):
        vm = machine()
        vm["spec"]["template"]["spec"]["domain"]["firmware"] = {"uuid": "theirs", "serial": "s"}
        self.assertEqual(instance_spec(vm)["domain"]["firmware"], {"uuid": "theirs", "serial": "s"})

    def test_a_launcher_mounts_every_secret_that_the_volumes_name(self):
        vmi = instance({"name": "ci", "cloudInitNoCloud": {"secretRef": {"name": "user"}, "networkDataSecretRef": {"name": "net"}}},
                       {"name": "disk", "secret": {"secretName": "join", "optional": True}})
        self.assertEqual(secrets_of(vmi), [("ci-udata", "user", False), ("ci-ndata", "net", False), ("disk", "join", True)])
        pod = launcher_of(vmi, VMI)
        mounted = {volume["name"]: volume["secret"] for volume in pod["spec"]["volumes"] if "secret" in volume}
        self.assertEqual(mounted, {"ci-udata": {"secretName": "user"}, "ci-ndata": {"secretName": "net"},
                                   "disk": {"secretName": "join", "optional": True}})
        self.assertEqual(pod["metadata"]["labels"]["kubevirt.io/created-by"], "2222")

    def test_a_machine_runs_by_either_field(self):
        self.assertTrue(shall_run(machine(running=True)))
        self.assertTrue(shall_run(machine(runStrategy="Always")))
        self.assertFalse(shall_run(machine(runStrategy="Halted")))

    def test_the_printed_status_follows_machine_and_instance(self):
        always, halted = machine(runStrategy="Always"), machine(runStrategy="Halted")
        running, ended = {"metadata": {}, "status": {"phase": "Running"}}, {"metadata": {}, "status": {"phase": "Succeeded"}}
        going = {"metadata": {"deletionTimestamp": "now"}, "status": {"phase": "Running"}}
        seen = [printable_status(*pair) for pair in ((always, None), (halted, None), (always, running), (always, going), (halted, ended))]
        self.assertEqual(seen, ["Starting", "Stopped", "Running", "Stopping", "Stopped"])

    def test_the_root_disk_is_kept_only_in_a_claim(self):
        image, claim = {"name": "image", "containerDisk": {"image": "debian"}}, {"name": "data", "persistentVolumeClaim": {"claimName": "c"}}
        self.assertEqual([claim_of(instance(image, claim)), claim_of(instance(claim, image)), claim_of(instance())], ["", "c", ""])

    def test_sizes_are_quantities(self):
        self.assertEqual([mebibytes(each) for each in ("768Mi", "1Gi", "1G", 2 ** 20)], [768, 1024, 953, 1])
        self.assertEqual(size_of({"domain": {"cpu": {"cores": 2, "sockets": 2}, "memory": {"guest": "1Gi"}}}), ["--memory", "1024", "--cpus", "4"])
        self.assertEqual(size_of({"domain": {}}), [])


class Seeds(unittest.TestCase):
    def test_no_cloud_has_the_inline_text_and_the_machines_uuid(self):
        vmi = instance({"name": "ci", "cloudInitNoCloud": {"userData": "#!/bin/sh", "networkDataBase64": encoded(b"version: 2")}})
        [(label, files)], has_network = disks_of(vmi, {})
        self.assertEqual((label, has_network), ("cidata", True))
        self.assertEqual((files["user-data"], files["network-config"]), (b"#!/bin/sh", b"version: 2"))
        self.assertEqual(json.loads(files["meta-data"]), {"instance-id": vmi["spec"]["domain"]["firmware"]["uuid"], "local-hostname": "web"})

    def test_config_drive_has_them_in_its_own_places(self):
        vmi = instance({"name": "ci", "cloudInitConfigDrive": {"userDataBase64": encoded(b"\x1f\x8bzipped")}})
        [(label, files)], has_network = disks_of(vmi, {})
        self.assertEqual((label, has_network), ("config-2", False))
        self.assertEqual(files["openstack/latest/user_data"], b"\x1f\x8bzipped")
        self.assertEqual(json.loads(files["openstack/latest/meta_data.json"])["hostname"], "web")

    def test_a_secret_is_read_by_either_spelling_of_its_key(self):
        vmi = instance({"name": "ci", "cloudInitNoCloud": {"secretRef": {"name": "user"}, "networkData": "version: 2"}})
        for key in ("userdata", "userData"):
            [(_, files)], has_network = disks_of(vmi, {"ci-udata": {key: b"from the secret"}})
            self.assertEqual((files["user-data"], files["network-config"], has_network), (b"from the secret", b"version: 2", True))

    def test_disks_come_in_the_order_of_the_spec_and_the_first_cloud_init_counts(self):
        vmi = instance({"name": "join", "secret": {"secretName": "s", "volumeLabel": "INNKEEPER"}},
                       {"name": "one", "cloudInitNoCloud": {"userData": "first"}}, {"name": "two", "cloudInitNoCloud": {"userData": "second"}})
        found, _ = disks_of(vmi, {"join": {"settings": b"state=ready"}})
        self.assertEqual([label for label, _ in found], ["INNKEEPER", "cidata"])
        self.assertEqual((found[0][1], found[1][1]["user-data"]), ({"settings": b"state=ready"}, b"first"))


if __name__ == "__main__":
    unittest.main()
