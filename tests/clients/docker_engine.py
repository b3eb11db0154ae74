"""Docker Engine for the script docker: a daemon of the private host, with an image."""

import os

import host
import image
from host import CLEANUPS

PACKAGES = {"containerd": "containerd", "runc": "runc", "busybox": "busybox-static", "iptables": "iptables"}
UNPACKED = host.REPOSITORY / "target/clients/docker"
SOCKET = f"unix://{host.WORK}/docker.sock"
IMAGE = "busybox"
NUMBER = iter(range(1, 1000))


def setup(stack):
    os.environ["PATH"] = f"{UNPACKED}/usr/sbin:{UNPACKED}/usr/bin:{host.PATH}"
    os.environ["DOCKER_HOST"] = SOCKET
    stack.enter_context(engine())
    root = image.rootfs(host.WORK / "rootfs")
    host.command("sh", "-c", f"tar -C {root} -c . | docker import -c 'CMD [\"sh\"]' - {IMAGE}")


def engine():
    flags = ["--data-root", "/var/lib/docker", "--exec-root", "/run/docker", "--pidfile", "/run/docker.pid", "-H", SOCKET,
             "--add-runtime", f"tested={host.runtime()}", "--default-runtime", "tested"]
    return host.daemon("dockerd", *flags, ready=lambda: docker("version", ok=None).status == 0, log=host.WORK / "dockerd.log")


def docker(*words, **options):
    return host.command("docker", *words, **options)


def run(*words, **options):
    return docker("run", "--rm", *words, **options)


def detached(*words):
    name = f"c{next(NUMBER)}"
    CLEANUPS.append(lambda: docker("rm", "-f", name, ok=None))
    docker("run", "-d", "--name", name, *words)
    return name


def looked(name, template):
    return docker("inspect", "--format", template, name).text


def pid(name):
    return int(looked(name, "{{.State.Pid}}"))
