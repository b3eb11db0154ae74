"""`podman container checkpoint` and `restore`, for the script of criu."""

import functools

import containers_conf
import host
import podman as shared
from host import CLEANUPS, check, equal, eventually, matches
from podman import IMAGE, detached, looked, podman

COUNT = "n=0; while :; do n=$((n+1)); echo $n; sleep 0.2; done"


@functools.cache
def ready():
    """The image is there."""
    containers_conf.configure(host.WORK)
    shared.load()


def lines(name):
    return [int(n) for n in podman("logs", name).out.split()]


def goes_on(name, before):
    eventually(lambda: lines(name)[-1] > before + 2, "it goes on", 60)
    numbers = lines(name)
    equal(numbers, list(range(1, len(numbers) + 1)), "the numbers")


@check("podman container checkpoint and restore")
def _():
    ready()
    name = detached("--network", "none", IMAGE, "sh", "-c", COUNT)
    eventually(lambda: len(lines(name)) > 3, "it counts", 60)
    podman("container", "checkpoint", name, seconds=120)
    equal(looked(name, "{{.State.Status}} {{.State.Checkpointed}}"), "exited true")
    before = lines(name)[-1]
    podman("container", "restore", name, seconds=120)
    equal(looked(name, "{{.State.Status}}"), "running")
    goes_on(name, before)


@check("podman container checkpoint --export, restore --import under another name")
def _():
    ready()
    name = detached("--network", "none", IMAGE, "sh", "-c", COUNT)
    eventually(lambda: len(lines(name)) > 3, "it counts", 60)
    before = lines(name)[-1]
    podman("container", "checkpoint", "--export", host.WORK / "saved.tar", name, seconds=120)
    podman("rm", "-f", "-t", "0", name)
    CLEANUPS.append(lambda: podman("rm", "-f", "-t", "0", "other", ok=None))
    podman("container", "restore", "--import", host.WORK / "saved.tar", "--name", "other", seconds=120)
    eventually(lambda: lines("other") and lines("other")[-1] > before + 2, "it goes on", 60)
    equal(looked("other", "{{.State.Status}}"), "running")


@check("podman container checkpoint --leave-running, and a network of a bridge")
def _():
    ready()
    name = detached(IMAGE, "sh", "-c", COUNT)
    eventually(lambda: len(lines(name)) > 3, "it counts", 60)
    podman("container", "checkpoint", "--leave-running", name, seconds=120)
    equal(looked(name, "{{.State.Status}}"), "running")
    goes_on(name, lines(name)[-1])
    address = looked(name, "{{.NetworkSettings.IPAddress}}")
    podman("container", "checkpoint", name, seconds=120)
    podman("container", "restore", name, seconds=120)
    goes_on(name, lines(name)[-1])
    matches(address, podman("exec", name, "ip", "-4", "addr").out, "its address")
