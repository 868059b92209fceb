"""A coordinator, agents and real guests for one story, on the real parts of tests/env.

Everything a story starts is its own and ends with it: state in a private directory, ports that were free,
guests with names that nobody else uses.
"""
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import freeipa
from parts import BUILD, DOMAIN, ENV, env
from proxy import Proxy

# Short enough for a test, long enough for a real join on a busy machine.
TIMINGS = {
    "undefine_grace": "2s", "recheck": "1s", "retry_first": "1s", "retry_most": "10s", "conflict_recheck": "3s",
    "unknown_outcome": "3s", "order_resend": "15s", "leave_deadline": "5m", "agent_grace": "2s",
}


# The environment's libvirtd that a story's guests run on. Two stories at a time need two: each of their coordinators
# would enrol whatever opts in there.
HOST = os.environ.get("INNKEEPER_STORY_HOST", "host1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """One long-running program of ours, its log kept."""

    def __init__(self, command, log, failpoints=""):
        self.command, self.log = command, log
        self.start(failpoints)

    def start(self, failpoints=""):
        environment = dict(os.environ, INNKEEPER_FAILPOINTS=failpoints,
                           ASAN_OPTIONS="detect_leaks=0:abort_on_error=1", UBSAN_OPTIONS="print_stacktrace=1")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, start_new_session=True)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def died(self, timeout=120):
        """Waits for its end, which a failpoint brings."""
        self.process.wait(timeout)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.command[0]} did not end within 30 s of SIGTERM") from None
        return self.process.returncode


class World:
    """One coordinator, agents by node name, and the command line."""

    def __init__(self, case, timings=(), ipa_address=""):
        self.case = case
        self.timings = dict(TIMINGS, **dict(timings))
        self.ipa_address = ipa_address or os.environ["IPA_IP"]
        self.tag = secrets.token_hex(2)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ik-e2e-"))
        self.agents, self.guests, self.coordinator = {}, [], None
        case.addCleanup(self.close)
        self.ports = {name: free_port() for name in ("agents", "api", "metrics")}
        self.server = f"unix:{self.directory}/socket"
        self.write_config()
        self.run("innkeeper-coordinator", "--config", self.config, "ipa", "setup", "--yes", "--host", f"centre-{self.tag}.{DOMAIN}",
                 "--secret-file", f"{self.directory}/keytab", stdin=os.environ["IPA_ADMIN_PASSWORD"] + "\n")
        self.start_coordinator()

    def write_config(self):
        self.config = f"{self.directory}/coordinator.yaml"
        realm = os.environ["IPA_REALM"]
        document = {
            "state_dir": f"{self.directory}/state", "log": {"level": "debug"}, "brake": {"removals": 20},
            "listen": {"agents": f"127.0.0.1:{self.ports['agents']}", "api": f"127.0.0.1:{self.ports['api']}",
                       "metrics": f"127.0.0.1:{self.ports['metrics']}", "socket": self.server, "names": ["localhost"]},
            "agents": {"node_grace": "10s", "heartbeat": "1s"}, "timings": self.timings,
            "ipa": {"domain": DOMAIN, "servers": [os.environ["IPA_SERVER"]], "dns_server": os.environ["IPA_DNS"],
                    "resolve": [f"{os.environ['IPA_SERVER']}:443:{self.ipa_address}"],
                    "ca_file": os.environ["IPA_CA_FILE"],
                    "principal": f"innkeeper/centre-{self.tag}.{DOMAIN}@{realm}", "keytab": f"{self.directory}/keytab"},
            "policy": [{"namespaces": "*", "template": "{vm}.{domain}"}],
        }
        pathlib.Path(self.config).write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML

    @staticmethod
    def program(name):
        folder = {"innkeeper": "cli", "innkeeper-agent": "agent", "innkeeper-coordinator": "coordinator"}[name]
        return str(BUILD / folder / name)

    def run(self, name, *arguments, stdin="", timeout=900, check=True):
        done = subprocess.run([self.program(name), *arguments], input=stdin, capture_output=True, text=True,
                              timeout=timeout, check=False, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        if check and done.returncode:
            raise AssertionError(f"{name} {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start_coordinator(self, failpoints=""):
        self.coordinator = Daemon([self.program("innkeeper-coordinator"), "--config", self.config, "serve"],
                                  self.directory / "coordinator.log", failpoints)
        self.until("the coordinator answers", lambda: self.cli("status", check=False).returncode == 0, 60)

    def start_agent(self, node, host=HOST, namespace="lab"):
        """An agent of its own, joined, watching the libvirt daemon `host` of the environment."""
        config = f"{self.directory}/{node}.yaml"
        document = {"state_dir": f"{self.directory}/{node}", "libvirt": {"uris": [env("libvirt", "uri", host).strip()], "sweep": "2s"},
                    "http": {"listen": ""}, "log": {"level": "debug"},
                    "coordinator": {"reconnect_first": "200ms", "reconnect_most": "1s"}}
        pathlib.Path(config).write_text(json.dumps(document), encoding="utf-8")
        token = self.run("innkeeper-coordinator", "--config", self.config, "token", "create", "-n", namespace).stdout
        self.run("innkeeper-agent", "--config", config, "join", f"https://localhost:{self.ports['api']}", "--node", node, stdin=token)
        self.agents[node] = Daemon([self.program("innkeeper-agent"), "--config", config, "run"], self.directory / f"{node}.log")
        self.connected(node)

    def connected(self, node):
        self.until(f"node {node} is connected", lambda: self.node(node)["state"] == "connected", 60)

    def node(self, name):
        nodes = json.loads(self.cli("nodes", "-o", "json").stdout).get("nodes", [])
        return next((one for one in nodes if one["name"] == name), {"state": "unknown"})

    def cli(self, *arguments, check=True, timeout=900):
        return self.run("innkeeper", "--server", self.server, *arguments, check=check, timeout=timeout)

    def guest(self, name):
        return json.loads(self.cli("describe", f"lab/{name}", "-o", "json").stdout)

    def condition(self, name, kind="Enrolled"):
        conditions = self.guest(name)["status"].get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {"status": "Unknown", "reason": ""})

    def until(self, what, so, seconds=300):
        """Waits until so() is true. Polls: it stands for a person who looks now and then."""
        deadline = time.monotonic() + seconds
        while not so():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.logs()}")
            time.sleep(0.3)

    def enrolled(self, name, seconds=420):
        def so():
            described = self.cli("describe", f"lab/{name}", check=False)
            return described.returncode == 0 and self.condition(name)["status"] == "True"
        self.until(f"{name} is enrolled", so, seconds)

    # ---- guests

    def new_guest(self, name, *options, host=HOST):
        """A Debian guest; its whole name."""
        whole = f"{name}-{self.tag}"
        env("guest", "new", whole, f"{whole}.{DOMAIN}", "--quick", "--host", host, *options)
        self.guests.append(whole)
        env("guest", "wait", whole)
        return whole

    def new_tiny(self, name, *options, host=HOST):
        """A guest that boots in seconds; its whole name."""
        whole = f"{name}-{self.tag}"
        env("tiny", "new", whole, "--host", host, *options)
        self.guests.append(whole)
        return whole

    @staticmethod
    def inside(guest, script):
        return env("guest", "run", guest, stdin=script)

    # ---- FreeIPA, as its administrator sees it

    @staticmethod
    def host_is_gone(fqdn):
        """True only on FreeIPA's own word: a server that does not answer is an error, not an absence."""
        return "host not found" in freeipa.ipa_host(fqdn)

    @staticmethod
    def has_keytab(fqdn):
        return "Keytab: True" in freeipa.ipa_host(fqdn)

    # ---- the end

    def logs(self, lines=15):
        text = ""
        for log in sorted(self.directory.glob("*.log")):
            text += f"--- {log.name}\n" + "".join(log.read_text(errors="replace").splitlines(keepends=True)[-lines:])
        return text

    def close(self):
        codes = {}
        for name, daemon in [*self.agents.items(), ("coordinator", self.coordinator)]:
            if daemon is not None:
                codes[name] = daemon.stop()
        for guest in self.guests:
            subprocess.run([ENV, "guest", "rm", guest], capture_output=True, check=False)
        reports = [line for log in self.directory.glob("*.log") for line in log.read_text(errors="replace").splitlines()
                   if "Sanitizer" in line or "runtime error" in line]
        logs = self.logs()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.case.assertEqual(reports, [], "sanitizer reports")
        self.case.assertTrue(all(code in (0, -9, 137) for code in codes.values()), f"{codes}\n{logs}")


class Story(unittest.TestCase):
    """A story needs the real parts: without them it fails."""

    timings = {}  # where a story's waits differ from TIMINGS
    behind_proxy = False  # the coordinator reaches FreeIPA through one that hears all

    def setUp(self):
        self.assertTrue(ENV and DOMAIN, "run it through tests/env/in_env")
        self.proxy = Proxy(self) if self.behind_proxy else None
        self.world = World(self, self.timings, self.proxy.address if self.proxy else "")
