#!/usr/bin/env python3
"""Talks to a guest's agent through virsh.

agent.py URI GUEST ping [SECONDS]       waits until it answers
agent.py URI GUEST call JSON            one command, its reply on stdout
agent.py URI GUEST run SHELL [SECONDS]  the script on stdin, with SHELL -s; its output and exit code
agent.py URI GUEST get PATH             prints a file
"""
import base64
import json
import subprocess
import sys
import time

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Agent:
    def __init__(self, uri: str, guest: str):
        self._command = ["virsh", "-q", "-c", uri, "qemu-agent-command", guest]

    def call(self, execute: str, timeout: int = 20, **arguments):
        request = {"execute": execute}
        if arguments:
            request["arguments"] = {name.replace("_", "-"): value
                                    for name, value in arguments.items()}
        return json.loads(self.send(json.dumps(request), timeout))["return"]

    def send(self, request: str, timeout: int = 20) -> str:
        done = subprocess.run(self._command + ["--timeout", str(timeout), request],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout


def ping(agent: Agent, seconds: int) -> int:
    end = time.monotonic() + seconds
    while True:
        try:
            agent.call("guest-ping", timeout=2)
            return 0
        except RuntimeError as error:
            if time.monotonic() > end:
                print(f"no answer within {seconds} s: {error}", file=sys.stderr)
                return 1
        time.sleep(0.1)


def run(agent: Agent, shell: str, seconds: int) -> int:
    script = base64.b64encode(sys.stdin.buffer.read()).decode()
    pid = agent.call("guest-exec", path=shell, arg=["-s"], env=[PATH, "HOME=/root", "LANG=C.UTF-8"],
                     input_data=script, capture_output=True)["pid"]
    end = time.monotonic() + seconds
    while not (status := agent.call("guest-exec-status", pid=pid))["exited"]:
        if time.monotonic() > end:
            print(f"still running after {seconds} s: pid {pid} in the guest", file=sys.stderr)
            return 124
        time.sleep(0.2)
    sys.stdout.buffer.write(base64.b64decode(status.get("out-data", "")))
    sys.stdout.flush()
    sys.stderr.buffer.write(base64.b64decode(status.get("err-data", "")))
    return status.get("exitcode", 128 + status.get("signal", 0))


def get(agent: Agent, path: str) -> int:
    handle = agent.call("guest-file-open", path=path, mode="rb")
    try:
        while True:
            part = agent.call("guest-file-read", handle=handle, count=65536)
            sys.stdout.buffer.write(base64.b64decode(part["buf-b64"]))
            if part["eof"]:
                return 0
    finally:
        agent.call("guest-file-close", handle=handle)


def main() -> int:
    uri, guest, command, *arguments = sys.argv[1:]
    agent = Agent(uri, guest)
    match command:
        case "ping":
            return ping(agent, int(arguments[0]) if arguments else 120)
        case "call":
            print(agent.send(arguments[0]).strip())
            return 0
        case "run":
            return run(agent, arguments[0], int(arguments[1]) if len(arguments) > 1 else 600)
        case "get":
            return get(agent, arguments[0])
    sys.exit(__doc__)


try:
    sys.exit(main())
except RuntimeError as problem:
    sys.exit(f"agent: {problem}")
