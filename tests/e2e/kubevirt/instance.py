"""The life of a VirtualMachineInstance, one step at a time; each step's write is the event that leads to the next.

    "" -> Pending -> Scheduling (the Pod waits for its Secrets) -> Scheduled -> Running -> Succeeded | Failed
    deleted, in whatever phase: domain ended, Succeeded, Pod deleted, finalizer taken
"""
import time

from kubevirt.api import ACCOUNT, POD, VMI, key_of
from kubevirt.domain import domain_name
from kubevirt.kubelet import now
from kubevirt.objects import CREATED_BY, ENDED, NODE_NAME, VMI_FINALIZER, is_deleting, launcher_of


class Instances:
    def __init__(self, server, kubelet, log):
        self.server, self.kubelet, self.domains, self.log = server, kubelet, kubelet.domains, log
        self.waiting = {}  # key -> names of the Secrets that its Pod waits for
        self.deadlines = {}  # uid -> when a domain that was asked to shut down is ended

    def advance(self, vmi):
        """Seconds after which to look again, None when only an event can change anything."""
        pod = self.pod_of(vmi)
        if is_deleting(vmi):
            return self.finish(vmi, pod)
        phase = vmi.get("status", {}).get("phase", "")
        steps = {"": self.begin, "Pending": self.create_pod, "Scheduling": self.await_pod, "Scheduled": self.start, "Running": self.look}
        return steps[phase](vmi, pod) if phase in steps else None

    def pod_of(self, vmi):
        pods = self.server.list(POD, vmi["metadata"]["namespace"], labelSelector=f"{CREATED_BY}={vmi['metadata']['uid']}")["items"]
        return next(iter(pods), None)

    def enter(self, vmi, phase, **status):
        before = vmi.get("status", {})
        times = before.get("phaseTransitionTimestamps", []) + [{"phase": phase, "phaseTransitionTimestamp": now()}]
        self.server.patch_status(VMI, vmi, {**status, "phase": phase, "phaseTransitionTimestamps": times})
        self.log(key_of(vmi), f"instance {before.get('phase') or 'new'} -> {phase}")

    # ---- the steps

    def begin(self, vmi, _pod):
        self.enter(vmi, "Pending")

    def create_pod(self, vmi, pod):
        if pod is None:
            # The controller manager makes the account in every namespace; no Pod is admitted without it.
            self.server.create_once(ACCOUNT, {"metadata": {"namespace": vmi["metadata"]["namespace"], "name": "default"}})
            pod = self.server.create(POD, launcher_of(vmi, VMI))
            self.log(key_of(vmi), f"pod {pod['metadata']['name']} made")
        self.enter(vmi, "Scheduling")

    def await_pod(self, vmi, pod):
        if pod is None or is_deleting(pod):
            return self.enter(vmi, "Failed", reason="the launcher pod is gone")
        if not pod["spec"].get("nodeName"):
            return self.kubelet.bind(pod)
        if pod.get("status", {}).get("phase") != "Running":
            return self.run_pod(vmi, pod)
        self.server.patch(VMI, vmi, {"metadata": {"labels": {NODE_NAME: self.kubelet.node}}})
        return self.enter(vmi, "Scheduled", nodeName=self.kubelet.node, activePods={pod["metadata"]["uid"]: self.kubelet.node})

    def run_pod(self, vmi, pod):
        secrets, missing = self.kubelet.mount(vmi)
        if missing:
            if self.waiting.get(key_of(vmi)) != missing:
                self.log(key_of(vmi), f"pod waits for secrets {' '.join(missing)}")
                self.waiting[key_of(vmi)] = missing
                self.kubelet.report_waiting(pod, missing)
            return
        self.waiting.pop(key_of(vmi), None)
        self.kubelet.launch(vmi, secrets)
        self.kubelet.report_running(vmi, pod)
        self.log(key_of(vmi), f"domain {domain_name(*key_of(vmi))} started, pod Pending -> Running")

    def start(self, vmi, pod):
        if not self.domains.is_running(domain_name(*key_of(vmi))):
            return self.ended(vmi, pod)
        mac, address = self.domains.interface(domain_name(*key_of(vmi)))
        networks = vmi["spec"].get("networks") or [{"name": "default"}]
        interface = {"name": networks[0]["name"], "mac": mac, "infoSource": "domain"}
        if address:
            interface |= {"ipAddress": address, "ipAddresses": [address]}
        return self.enter(vmi, "Running", interfaces=[interface], conditions=[self.condition("Ready")])

    @staticmethod
    def condition(kind):
        return {"type": kind, "status": "True", "lastProbeTime": now(), "lastTransitionTime": now()}

    def look(self, vmi, pod):
        """virt-handler's part. A guest without an agent has no condition, rather than one that is False."""
        name = domain_name(*key_of(vmi))
        if not self.domains.is_running(name):
            return self.ended(vmi, pod)
        conditions = vmi["status"].get("conditions", [])
        told, connected = any(one["type"] == "AgentConnected" for one in conditions), self.domains.has_agent(name)
        if connected != told:
            rest = [one for one in conditions if one["type"] != "AgentConnected"]
            self.server.patch_status(VMI, vmi, {"conditions": rest + ([self.condition("AgentConnected")] if connected else [])})
            self.log(key_of(vmi), "agent connected" if connected else "agent disconnected")
        return None

    # ---- the end

    def ended(self, vmi, pod):
        """By itself: the guest powered off, or its emulator failed."""
        phase = "Failed" if domain_name(*key_of(vmi)) in self.domains.crashed else "Succeeded"
        if pod is not None:
            self.kubelet.report_ended(pod, phase)
        self.enter(vmi, phase)

    def finish(self, vmi, pod):
        """Gone are domain, Pod and at last the instance. A graceful shutdown takes its time first."""
        key, name = key_of(vmi), domain_name(*key_of(vmi))
        left = self.grace_left(vmi, name)
        if left > 0:
            return left
        self.deadlines.pop(vmi["metadata"]["uid"], None)
        self.waiting.pop(key, None)
        self.domains.remove(name)
        if vmi.get("status", {}).get("phase") not in ENDED:
            return self.enter(vmi, "Succeeded")
        if pod is not None:
            self.server.delete(POD, pod, grace=0)
        self.server.drop_finalizer(VMI, vmi, VMI_FINALIZER)
        self.log(key, "instance gone")
        return None

    def grace_left(self, vmi, name):
        """Seconds; a domain that is asked for the first time to shut down gets what the spec says, 0 by default."""
        grace, uid = vmi["spec"].get("terminationGracePeriodSeconds", 0), vmi["metadata"]["uid"]
        if not grace or not self.domains.is_running(name):
            return 0
        if uid not in self.deadlines:
            self.deadlines[uid] = time.monotonic() + grace
            self.domains.shut_down(name)
            self.log(key_of(vmi), f"domain {name} asked to shut down within {grace} s")
        return self.deadlines[uid] - time.monotonic()
