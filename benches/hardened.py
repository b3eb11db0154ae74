"""The fully confined default container, compared with runtimes with an equivalent config.json: the same
namespaces, mounts, masked paths, capabilities, system call filter and device rules."""

import json
import pathlib
import subprocess

import sides

# The same as in lua/tiny/pipeline/security.lua.
CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
                "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]
MASKED = ["/proc/" + name for name in ("acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi",
                                       "timer_list", "timer_stats")]
MASKED += ["/sys/dev/block", "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
DEVICES = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, None)]
SAFE = ["nosuid", "nodev", "noexec"]


def bundle(folder, rootfs, program, filter_):
    path = pathlib.Path(folder) / ("hardened-" + pathlib.Path(program[0]).name)
    path.mkdir(exist_ok=True)
    rule = lambda major, minor: {"allow": True, "type": "c", "major": major, "access": "rwm"} | ({"minor": minor} if minor is not None else {})
    config = {
        "ociVersion": "1.0.2",
        "process": {"user": {"uid": 0, "gid": 0}, "args": list(program), "cwd": "/", "noNewPrivileges": True, "env": ["PATH=/bin"],
                    "capabilities": {k: CAPABILITIES for k in ("bounding", "effective", "permitted")}},
        "root": {"path": str(rootfs)},
        "hostname": "hardened",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": SAFE},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "noexec", "mode=755", "size=64k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": SAFE},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": SAFE + ["mode=1777", "size=64m"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": SAFE + ["ro"]},
        ],
        "linux": {"namespaces": [{"type": t} for t in ("pid", "network", "mount", "uts", "ipc", "cgroup")],
                  "cgroupsPath": "/tinylua-bench-hardened", "maskedPaths": MASKED, "readonlyPaths": READ_ONLY, "seccomp": filter_,
                  "resources": {"devices": [{"allow": False, "access": "rwm"}] + [rule(*d) for d in DEVICES]}},
    }
    (path / "config.json").write_text(json.dumps(config))
    return str(path)


def everything(tinylua, floor, folder):
    rootfs = sides.make_rootfs(folder)
    state = pathlib.Path(folder) / "state"
    script = sides.HERE / "profile.lua"
    filter_ = json.loads(subprocess.run([tinylua, "run", str(script)], check=True, capture_output=True, text=True).stdout)

    def oci(runtime):
        return lambda *program: [runtime, "--root", str(state / (runtime + "-hardened")), "run", "--bundle",
                                 bundle(folder, rootfs, program, filter_), "tinylua-bench-hardened"]

    run = [tinylua, "--root", str(state / "tinylua"), "run", "--rm", f"--rootfs={rootfs}"]
    return [
        sides.Side("floor", lambda *p: [floor, str(rootfs), *p], "not confined: six namespaces and a /dev, in C"),
        sides.Side("tinylua run", lambda *p: run + list(p), "its defaults; supervisor, state and log on disk"),
        sides.Side("tinylua run --privileged", lambda *p: run + ["--privileged", *p], "without what confines"),
        sides.Side("crun", oci("crun"), "equivalent config.json; state on disk"),
        sides.Side("runc", oci("runc"), "equivalent config.json; state on disk"),
    ]
