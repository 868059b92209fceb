"""The node's libvirtd: an instance's domain in it, named as KubeVirt names it, and made by tests/env."""
import pathlib
import re
import subprocess
import threading

from parts import ENV, env

MIB = 2 ** 20
UNITS = {"": 1, "k": 10 ** 3, "M": 10 ** 6, "G": 10 ** 9, "Ki": 2 ** 10, "Mi": MIB, "Gi": 2 ** 30}
AGENT = re.compile(r"name='org\.qemu\.guest_agent\.0' state='connected'")
OWN = "xmlns=\"http://kubevirt.io\""


def domain_name(namespace, name):
    return f"{namespace}_{name}"


def key_of_domain(name):
    namespace, _, instance = name.partition("_")
    return namespace, instance


def mebibytes(quantity):
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(quantity)).groups()
    return int(float(number) * UNITS[unit] / MIB)


def size_of(spec):
    """Options of `env guest new`; its own defaults where the spec says nothing."""
    domain, options = spec["domain"], []
    asked = domain.get("memory", {}).get("guest") or domain.get("resources", {}).get("requests", {}).get("memory")
    if asked:
        options += ["--memory", str(mebibytes(asked))]
    cpu = domain.get("cpu", {})
    if cpu:
        options += ["--cpus", str(cpu.get("cores", 1) * cpu.get("sockets", 1) * cpu.get("threads", 1))]
    return options


class Domains:
    """on_change(key) is called from a thread of its own after an event, and for every domain when events may be lost."""

    def __init__(self, host, on_change):
        assert ENV, "run it through tests/env/in_env"
        self.host, self.on_change = host, on_change
        self.uri = env("libvirt", "uri", host).strip()
        self.ended, self.events, self.crashed = threading.Event(), None, set()
        self.thread = threading.Thread(target=self.listen, name="libvirt-events", daemon=True)
        self.thread.start()

    def virsh(self, *arguments):
        """Its output, or "" when it failed."""
        done = subprocess.run(["virsh", "-q", "-c", self.uri, *arguments], capture_output=True, text=True, check=False, timeout=60)
        return done.stdout if done.returncode == 0 else ""

    def start(self, vmi, disks, root, options):
        """A domain of the spec's size; one that is left of that name is ended. Raises AssertionError."""
        name = domain_name(vmi["metadata"]["namespace"], vmi["metadata"]["name"])
        self.remove(name)
        self.crashed.discard(name)
        uuid = vmi["spec"]["domain"]["firmware"]["uuid"]
        seeds = [word for disk in disks for word in ("--disk", str(disk))]
        env("guest", "new", name, vmi["metadata"]["name"], "--host", self.host, "--launcher", "--uuid", uuid, *seeds,
            *(["--root", str(root)] if root else []), *size_of(vmi["spec"]), *options)

    def remove(self, name):
        """Ends the domain, if there is one, and takes its disks away."""
        if pathlib.Path(env("guest", "folder", name).strip()).is_dir():
            env("guest", "rm", name)

    def shut_down(self, name):
        self.virsh("shutdown", name, "--mode", "agent,acpi")

    def is_running(self, name):
        listed = subprocess.run(["virsh", "-q", "-c", self.uri, "list", "--name"], capture_output=True, text=True, check=True, timeout=60)
        return name in listed.stdout.split()

    def has_agent(self, name):
        return AGENT.search(self.virsh("dumpxml", name)) is not None

    def interface(self, name):
        """(MAC, address); the address is "" when only the guest knows it."""
        mac = re.search(r"<mac address='([^']+)'", self.virsh("dumpxml", name))
        address = env("guest", "address", name).strip()
        return mac.group(1) if mac else "", address if re.match(r"[0-9.]+$", address) else ""

    def ours(self):
        """Names of all running domains that an instance was, of this program or of one before it."""
        running = self.virsh("list", "--name").split()
        return [name for name in running if "_" in name and OWN in self.virsh("dumpxml", name).replace("'", '"')]

    # ---- events

    def listen(self):
        """Also through restarts of libvirtd: then events are lost, so all domains are looked at."""
        while not self.ended.is_set():
            for name in self.ours():
                self.on_change(key_of_domain(name))
            command = ["stdbuf", "-oL", "virsh", "-c", self.uri, "event", "--all", "--loop"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as self.events:
                if self.ended.is_set():
                    self.events.terminate()  # end() may have met the one before it
                for line in self.events.stdout:
                    self.heard(line)
            self.ended.wait(1)

    def heard(self, line):
        event = re.match(r"event '([a-z-]+)' for domain '?([^':]+)'?: *(.*)", line)
        if event and "_" in event.group(2):
            kind, name, detail = event.groups()
            if kind == "lifecycle" and re.match(r"Crashed|Stopped (Failed|Crashed)", detail):
                self.crashed.add(name)
            self.on_change(key_of_domain(name))

    def end(self):
        self.ended.set()
        if self.events is not None and self.events.poll() is None:
            self.events.terminate()
        self.thread.join(10)
