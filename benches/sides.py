"""The sides of the start-up benchmark: how each one starts a program in six new namespaces (pid, net,
mount, uts, ipc, cgroup) with the same rootfs, /proc and /dev. What a side really did is read
from the kernel by a program inside (`facts`)."""

import hashlib
import json
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent

# Prints a container's namespaces, mounts, privileges and cgroups.
PROBE = """
for n in pid net mnt uts ipc cgroup user; do echo "ns $n $(readlink /proc/self/ns/$n)"; done
echo "mounts $(wc -l < /proc/self/mountinfo)"
echo "dev $(ls /dev | wc -w)"
grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status
echo "pid $$"
"""


def make_rootfs(folder):
    """A busybox root; /bin/true and the tools of the probe are links to one static program."""
    root = pathlib.Path(folder) / "rootfs"
    if not root.exists():
        for name in ("bin", "proc", "dev", "sys", "tmp"):
            (root / name).mkdir(parents=True)
        shutil.copy2(shutil.which("busybox"), root / "bin/busybox")
        for name in ("true", "sleep", "sh", "readlink", "wc", "ls", "grep"):
            (root / "bin" / name).symlink_to("busybox")
    return root


class Side:
    """One way to start the program. `command` takes the program and its arguments."""

    def __init__(self, name, command, note=""):
        self.name, self.command, self.note = name, command, note
        self.who = {}  # the user that starts it, if not root

    def by(self, binary):
        """The same started by another program, an older one of the same name."""
        other = Side(self.name + ", before", lambda *p: [binary] + self.command(*p)[1:], self.note)
        other.who = self.who
        return other

    def problem(self):
        """Why it cannot run here, or None."""
        done = subprocess.run(self.command("/bin/true"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              **self.who)
        text = (done.stderr or done.stdout).strip()
        return None if done.returncode == 0 else f"exit status {done.returncode}: {text}"

    def facts(self):
        out = subprocess.run(self.command("/bin/sh", "-c", PROBE), stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, **self.who).stdout
        lines = [line.split() for line in out.splitlines()]
        found = {words[0].rstrip(":"): words[1:] for words in lines if words and words[0] != "ns"}
        inside = {words[1]: words[2] for words in lines if words and words[0] == "ns"}
        own = {n: str(pathlib.Path(f"/proc/self/ns/{n}").readlink()) for n in inside}
        return {
            "new_namespaces": [n for n in inside if inside[n] != own[n]],
            "mounts": int(found["mounts"][0]), "dev_entries": int(found["dev"][0]), "pid": int(found["pid"][0]),
            "capabilities": bin(int(found["CapEff"][0], 16)).count("1"), "no_new_privs": found["NoNewPrivs"] == ["1"],
            "seccomp": found["Seccomp"] != ["0"], "note": self.note,
        }


def bundle(folder, rootfs, program):
    """An OCI bundle that asks for what start.lua does, no more: no cgroup limits, no seccomp."""
    path = pathlib.Path(folder) / ("bundle-" + pathlib.Path(program[0]).name)
    path.mkdir(exist_ok=True)
    names = capabilities()
    config = {
        "ociVersion": "1.0.2",
        "process": {"user": {"uid": 0, "gid": 0}, "args": list(program), "cwd": "/", "noNewPrivileges": True,
                    "env": ["PATH=/bin"], "capabilities": {k: names for k in ("bounding", "effective", "permitted")}},
        "root": {"path": str(rootfs)},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
        ],
        "linux": {"namespaces": [{"type": t} for t in ("pid", "network", "mount", "uts", "ipc", "cgroup")],
                  "readonlyPaths": ["/proc/bus", "/proc/irq"]},
    }
    (path / "config.json").write_text(json.dumps(config))
    return str(path)


def capabilities():
    """The names of all capabilities that the caller may hold."""
    status = pathlib.Path("/proc/self/status").read_text().split()
    held = status[status.index("CapBnd:") + 1]
    names = subprocess.run(["capsh", f"--decode={held}"], check=True, capture_output=True, text=True).stdout
    return [name.upper() for name in names.strip().split("=")[-1].split(",")]


def everything(tinylua, floor, folder):
    rootfs = make_rootfs(folder)
    state = pathlib.Path(folder) / "state"
    bwrap = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-ipc", "--unshare-cgroup"]
    layout = ["--bind", str(rootfs), "/", "--proc", "/proc", "--dev", "/dev"]
    unshare = ["unshare", "--fork", "--pid", "--net", "--mount", "--uts", "--ipc", "--cgroup", f"--root={rootfs}",
               "--mount-proc=/proc"]

    def oci(runtime, flags):
        return lambda *program: [runtime, "--root", str(state / runtime)] + flags + \
            ["run", "--bundle", bundle(folder, rootfs, program), "tinylua-bench"]

    return [
        Side("floor", lambda *p: [floor, str(rootfs), *p], "the same steps in C, as few system calls as it takes"),
        Side("tinylua recipe", lambda *p: [tinylua, "run", str(HERE / "start.lua"), str(rootfs), *p], "start.lua"),
        Side("tinylua run", lambda *p: [tinylua, "--root", str(state / "tinylua"), "run", "--rm", f"--rootfs={rootfs}", *p],
             "supervisor, state and log on disk"),
        Side("bubblewrap", lambda *p: bwrap + ["--as-pid-1"] + layout + list(p), "--as-pid-1, as the recipe"),
        Side("bubblewrap init", lambda *p: bwrap + layout + list(p), "its default: a PID 1 of its own reaps"),
        Side("unshare", lambda *p: unshare + list(p), "util-linux; chroot, no /dev, no loopback"),
        Side("crun", oci("crun", ["--cgroup-manager=disabled"]), "state on disk, no cgroup; cgroup2 hidden"),
        Side("runc", oci("runc", []), "state on disk, cgroups in each v1 hierarchy"),
    ]


def installed(program, folder):
    """A fresh copy of a program. How the page cache holds a file depends on how it was written: what a
    linker wrote through a mapping lies there in single pages, and each start pays up to a millisecond
    more to map them than from a copy made with write(2), as an installation makes it."""
    source = pathlib.Path(shutil.which(program))
    # Each in its own directory: two versions have the same name.
    copy = pathlib.Path(folder) / "programs" / hashlib.sha256(str(source).encode()).hexdigest()[:8] / source.name
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
        copy.chmod(0o755)
    return str(copy)


def ready(tinylua, floor, folder, all_of=None, who=None):
    """The sides that work here, and why the others do not."""
    sides, skipped = [], {}
    for side in (all_of or everything)(tinylua, floor, folder):
        program = side.command
        binary = installed(program("/bin/true")[0], folder)
        side.who = who or {}
        side.command = lambda *p, program=program, binary=binary: [binary] + program(*p)[1:]
        reason = side.problem()
        if reason:
            skipped[side.name] = reason
        else:
            sides.append(side)
    return sides, skipped
