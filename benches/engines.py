"""Other engines for the network benchmark: podman with netavark, and a separate Docker Engine. Each comes with
the command that runs a program in a container on its bridge with a published port; leftovers are removed."""

import contextlib
import glob
import pathlib
import shutil
import subprocess
import time


def groups():
    """The cgroups that the engines create above their containers'."""
    found = set()
    for name in ("libpod_parent", "docker"):
        found |= set(glob.glob(f"/sys/fs/cgroup/*/{name}")) | set(glob.glob(f"/sys/fs/cgroup/{name}"))
    return found


@contextlib.contextmanager
def tidied(folder):
    before = groups()
    try:
        yield
    finally:
        # podman leaves this mounted, so the directory could not be removed.
        subprocess.run(["umount", f"{folder}/podman/overlay"], capture_output=True)
        for group in groups() - before:
            subprocess.run(["find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], capture_output=True)


def podman(folder, rootfs, program):
    """podman with netavark and runc; its bridge comes with its first container."""
    flags = ["--root", f"{folder}/podman", "--runroot", f"{folder}/podman-run", "--runtime", "runc", "--cgroup-manager=cgroupfs",
             "--log-level=error", "--events-backend=file", "--network-config-dir", f"{folder}/podman-net"]
    limits = ["--ulimit", "nofile=1024:20000", "--ulimit", "nproc=4096:4096"]
    return ["podman", *flags, "run", "--rm", *limits, "-p", "18081:80", "--network", "bridge", "--rootfs", str(rootfs), *program]


@contextlib.contextmanager
def docker(folder, rootfs, program):
    """The command for a Docker Engine that runs meanwhile, or None where it does not."""
    if not shutil.which("dockerd"):
        yield None
        return
    home = pathlib.Path(folder) / "docker"
    home.mkdir()
    client = ["docker", "-H", f"unix://{home}/sock"]
    flags = ["--data-root", f"{home}/data", "--exec-root", f"{home}/exec", "--pidfile", f"{home}/pid", "-H", f"unix://{home}/sock"]
    with open(home / "log", "wb") as log:
        daemon = subprocess.Popen(["dockerd", *flags], stdout=log, stderr=log)
    try:
        for _ in range(100):
            if subprocess.run([*client, "info"], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        tar = subprocess.run(["tar", "-C", str(rootfs), "-c", "."], capture_output=True, check=True).stdout
        made = subprocess.run([*client, "import", "-", "bench"], input=tar, capture_output=True)
        yield [*client, "run", "--rm", "-p", "18083:80", "bench", *program] if made.returncode == 0 else None
    finally:
        daemon.terminate()
        daemon.wait()
        for mount in reversed([line.split()[1] for line in open("/proc/mounts") if str(home) in line]):
            subprocess.run(["umount", mount], capture_output=True)
