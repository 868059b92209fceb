"""The whole of it: threads that watch API server and libvirt feed one that acts."""
import json
import subprocess
import sys
import tempfile
import threading
import time

from kubevirt.api import BROKEN, GUEST, NODE, POD, SECRET, VM, VMI, ApiServer, Refused, key_of
from kubevirt.collector import Collector
from kubevirt.domain import Domains, domain_name
from kubevirt.instance import Instances
from kubevirt.kubelet import Kubelet
from kubevirt.machine import Machines
from kubevirt.objects import VM_FINALIZER, VMI_FINALIZER
from kubevirt.queue import WorkQueue
from kubevirt.reflector import Reflector

COLLECT = ("", "")  # the key of the garbage collector's turn
RETRY_FIRST, RETRY_MOST = 0.5, 10.0  # seconds
SWEEP = 5.0  # seconds until an instance is looked at though no event came


class KubeVirt:
    """One node of the name `node`, whose libvirtd is `host` of tests/env. Ends with stop() or `with`."""

    def __init__(self, node, host="host1", log=sys.stderr):
        self.node, self.host, self.sink = node, host, log
        self.server, self.queue, self.failures = ApiServer(), WorkQueue(), {}
        self.folder = tempfile.TemporaryDirectory(prefix="ik-kubevirt-")
        self.domains = Domains(host, self.queue.add)
        self.instances = Instances(self.server, Kubelet(self.server, self.domains, node, self.folder.name), self.log)
        self.machines = Machines(self.server, self.log)
        labels = {"kubernetes.io/hostname": node, "kubevirt.io/schedulable": "true"}
        self.made_node = self.server.create_once(NODE, {"metadata": {"name": node, "labels": labels}})
        self.reflectors = {kind: Reflector(self.server, kind, self.changed) for kind in (VM, VMI, POD, SECRET, GUEST)}
        self.collector = Collector(self.server, [self.reflectors[kind] for kind in (VMI, POD, SECRET, GUEST)], self.log)
        self.worker = threading.Thread(target=self.work, name="kubevirt", daemon=True)
        self.worker.start()
        self.log(("", node), f"node of libvirt {host}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def log(self, key, text):
        print(time.strftime("%H:%M:%S"), "/".join(part for part in key if part), text, file=self.sink, flush=True)

    # ---- for stories

    @staticmethod
    def guest(namespace, name):
        """What `env guest run`, wait, get and agent know the instance's domain by."""
        return domain_name(namespace, name)

    def wait(self, namespace, name, so, what, seconds=300):
        """Until so(vmi or None) is true; the instance. Asks the server: it stands for a person who looks now and then."""
        deadline, vmi = time.monotonic() + seconds, None
        while True:
            try:
                vmi = self.server.find(VMI, namespace, name)
                if so(vmi):
                    return vmi
            except BROKEN:
                pass  # the server is away for a moment
            if time.monotonic() > deadline:
                raise AssertionError(f"{namespace}/{name} not within {seconds} s: {what}\n{json.dumps((vmi or {}).get('status'))}")
            time.sleep(0.5)

    def wait_running(self, namespace, name, seconds=300):
        return self.wait(namespace, name, lambda vmi: vmi and vmi.get("status", {}).get("phase") == "Running", "the instance runs", seconds)

    def wait_agent(self, namespace, name, seconds=300):
        def so(vmi):
            return vmi and any(one["type"] == "AgentConnected" and one["status"] == "True" for one in vmi.get("status", {}).get("conditions", []))
        return self.wait(namespace, name, so, "its guest agent is connected", seconds)

    def wait_gone(self, namespace, name, seconds=120):
        return self.wait(namespace, name, lambda vmi: vmi is None, "the instance is gone", seconds)

    # ---- what happened

    def changed(self, kind, one, gone):
        key = key_of(one)
        if kind in (VM, VMI):
            self.queue.add(key)
        elif kind == POD:
            for reference in one["metadata"].get("ownerReferences", []):
                if reference["kind"] == VMI.name:
                    self.queue.add((key[0], reference["name"]))
        elif kind == SECRET:
            for waiting in [waiting for waiting in list(self.instances.waiting) if waiting[0] == key[0]]:
                self.queue.add(waiting)
        if (gone and kind in (VM, VMI)) or one["metadata"].get("ownerReferences"):
            self.queue.add(COLLECT, 0.2)

    def work(self):
        while (key := self.queue.take()) is not None:
            try:
                again = self.collector.sweep() if key == COLLECT else self.reconcile(*key)
                self.failures.pop(key, None)
            except (*BROKEN, Refused, AssertionError, subprocess.SubprocessError, ValueError, KeyError) as problem:
                count = self.failures[key] = self.failures.get(key, 0) + 1
                again = min(RETRY_MOST, RETRY_FIRST * 2 ** min(count - 1, 10))
                if not isinstance(problem, BROKEN) or count == 1:
                    self.log(key, f"again in {again:.1f} s: {type(problem).__name__}: {problem}")
            if again is not None:
                self.queue.add(key, again)

    def reconcile(self, namespace, name):
        vm, vmi = self.server.find(VM, namespace, name), self.server.find(VMI, namespace, name)
        again = None
        if vmi is not None:
            again = self.instances.advance(vmi)
            again = SWEEP if again is None and vmi.get("status", {}).get("phase") == "Running" else again
        elif domain_name(namespace, name) in self.domains.ours():
            self.domains.remove(domain_name(namespace, name))  # its objects went while nobody played
            self.log((namespace, name), "domain without an instance removed")
        if vm is not None:
            self.machines.drive(vm, vmi)
        return again

    # ---- the end

    def stop(self):
        """Domains end. Objects stay, without our finalizers, so that nobody waits for a KubeVirt that is gone."""
        if self.queue.ended:
            return
        self.queue.end()
        self.worker.join(120)
        for reflector in self.reflectors.values():
            reflector.end()
        self.domains.end()
        for name in self.domains.ours():
            self.domains.remove(name)
        try:
            self.let_go()
        except (*BROKEN, Refused) as problem:
            self.log(("", self.node), f"its objects stay as they are: {problem}")
        self.server.close()
        self.folder.cleanup()
        self.log(("", self.node), "ended")

    def let_go(self):
        for kind, finalizer in ((VMI, VMI_FINALIZER), (VM, VM_FINALIZER)):
            for key in list(self.reflectors[kind].objects):
                one = self.server.find(kind, *key)
                if one is not None:
                    self.server.drop_finalizer(kind, one, finalizer)
        if self.made_node:
            node = self.server.find(NODE, "", self.node)
            if node is not None:
                self.server.delete(NODE, node)
