"""Containers of an unprivileged user, compared with bubblewrap and rootless podman. The user is created for this:
copies of /etc/passwd, /etc/subuid etc. with its lines are mounted over the machine's, in the benchmark's namespace."""

import os
import pathlib
import signal
import subprocess

import sides

NAME, UID, FIRST = "tinylua-bench", 47110, 3000000


def make_user(folder):
    """Creates the user's lines and home; returns the subprocess arguments to run a program as this user."""
    lines = {"passwd": f"{NAME}:x:{UID}:{UID}::{folder}/home:/bin/sh", "group": f"{NAME}:x:{UID}:",
             "subuid": f"{NAME}:{FIRST}:65536", "subgid": f"{NAME}:{FIRST}:65536"}
    for name, line in lines.items():
        path, copy = pathlib.Path("/etc") / name, pathlib.Path(folder) / f"etc-{name}"
        copy.write_text(path.read_text().rstrip("\n") + f"\n{line}\n")
        copy.chmod(0o644)
        subprocess.run(["mount", "--bind", copy, path], check=True)
    home, run = pathlib.Path(folder) / "home", pathlib.Path(folder) / "home/run"
    for path in (home, run):
        path.mkdir(mode=0o700)
        os.chown(path, UID, UID)
    pathlib.Path(folder).chmod(0o755)
    # Without newuidmap in PATH a container has only its user's own id, like bubblewrap's.
    environment = {"PATH": "/nowhere", "HOME": str(home), "XDG_RUNTIME_DIR": str(run)}
    return {"user": UID, "group": UID, "extra_groups": [], "env": environment}


def end_all():
    """Ends what still runs as the user: podman leaves a process behind that holds its user namespace."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == UID:
                os.kill(int(folder.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass


def everything(tinylua, _floor, folder):
    rootfs = sides.make_rootfs(folder)
    subprocess.run(["chown", "-R", f"{UID}:{UID}", rootfs], check=True)
    bwrap = ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-ipc",
             "--unshare-cgroup"]
    layout = ["--bind", str(rootfs), "/", "--proc", "/proc", "--dev", "/dev"]
    run = [tinylua, "run", "--rm", f"--rootfs={rootfs}"]
    search = ["/usr/bin/env", "PATH=/usr/bin:/bin:/usr/sbin:/sbin"]
    podman = search + ["podman", "run", "--rm", "--rootfs", "--net=none", "--cgroups=disabled", "--log-driver=none",
                       "--ulimit=nofile=1024:20000", "--ulimit=nproc=4096:4096"]
    return [
        sides.Side("tinylua recipe", lambda *p: [tinylua, "run", str(pathlib.Path(folder) / "start.lua"), str(rootfs), *p],
                   "start.lua; the own id alone"),
        sides.Side("tinylua run", lambda *p: run + list(p), "the own id alone; confined; supervisor, state and log on disk"),
        sides.Side("tinylua run, 65536 ids", lambda *p: search + run + list(p), "through env(1), newuidmap and newgidmap"),
        sides.Side("bubblewrap", lambda *p: bwrap + ["--as-pid-1"] + layout + list(p), "--as-pid-1, the own id alone"),
        sides.Side("bubblewrap init", lambda *p: bwrap + layout + list(p), "its default: a PID 1 of its own reaps"),
        sides.Side("podman", lambda *p: podman + [str(rootfs)] + list(p), "through env(1); 65536 ids; no cgroup, no network, no log"),
    ]
