"""Plays KubeVirt: a real guest boots from what the API server's objects say.

Played are virt-controller, virt-handler, virt-launcher, and as far as they need them the scheduler, the kubelet and the
garbage collector. Real are the API server (tests/env/env kubernetes), libvirtd and the guest (env libvirt, env guest).

    with KubeVirt("node-1") as kubevirt:           # from tests/e2e/*.py, in threads of the story
        ... kubectl apply a VirtualMachine ...
        kubevirt.wait_agent("shop", "web")         # VMI phase Running, condition AgentConnected
        env("guest", "run", kubevirt.guest("shop", "web"), stdin="hostname -f")

    tests/env/in_env tests/e2e/play_kubevirt.py run --node node-1      # the same as a program, until SIGTERM

What differs from KubeVirt, because a test needs no more: run strategies Always (or `running: true`) and Halted only; one
node; a stop is a power cut unless the spec sets terminationGracePeriodSeconds; the root disk is the image of tests/env
whatever the volume says, new for each instance with a containerDisk, kept while this runs with a
persistentVolumeClaim or dataVolume. Without network data the guest learns its address as all guests of tests/env do, by
the kernel's command line, which stands for KubeVirt's DHCP server.
"""
from kubevirt.play import KubeVirt

__all__ = ["KubeVirt"]
