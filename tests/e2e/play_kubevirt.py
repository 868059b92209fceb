#!/usr/bin/env -S python3 -B
"""play_kubevirt.py run --node NAME [--host HOST]: plays KubeVirt until SIGTERM or SIGINT. See kubevirt/__init__.py.

Run it through tests/env/in_env, with Kubernetes, its kinds (env kubernetes kubevirt) and libvirt HOST up.
"""
import argparse
import signal
import sys
import threading

from kubevirt import KubeVirt


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--node", required=True, help="the name that instances and Pods get as their node")
    parser.add_argument("--host", default="host1", help="libvirt daemon of tests/env (host1)")
    arguments = parser.parse_args()
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    with KubeVirt(arguments.node, arguments.host):
        asked.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
