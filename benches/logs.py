"""The log benchmark: a container writes lines as fast as it can, and its supervisor writes the log.
Only the CPU time of the supervisor is measured: it is read from /proc after it has ended and before it is
reaped. For this, the benchmark makes itself a child subreaper (prctl(2))."""

import ctypes
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

import sides

LINES = {"80-byte lines": "x" * 79, "2-byte lines": "y"}
# For a line of two bytes, conmon writes over twenty times as much log as text.
SHARE = {"80-byte lines": 1, "2-byte lines": 16}
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("prctl: this process cannot adopt orphans")


def outlive(pid):
    """Waits for the end of a process; its own seconds of processor time, without its children's."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    os.waitpid(pid, 0)
    tick = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / tick, int(fields[12]) / tick


def reap():
    """What else has fallen to this process and has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def writer(text, size):
    return ["/bin/sh", "-c", f"yes {text} | head -c {size}"]


def rootfs_with_yes(folder):
    root = sides.make_rootfs(folder)
    for name in ("yes", "head"):
        if not (root / "bin" / name).is_symlink():
            (root / "bin" / name).symlink_to("busybox")
    return root


def tinylua(binary, folder, text, size):
    root, rootfs = folder / "logs-tinylua", rootfs_with_yes(folder)
    begun = time.monotonic()
    made = subprocess.run([binary, "--root", str(root), "run", "-d", f"--rootfs={rootfs}", *writer(text, size)],
                          check=True, stdout=subprocess.PIPE, text=True)
    container = root / "containers" / made.stdout.strip()
    pid = json.loads((container / "state.json").read_text())["supervisor"]["pid"]
    user, system = outlive(pid)
    wall = time.monotonic() - begun
    log = container / "container.log"
    with open(log, "rb") as file:
        file.seek(-min(65536, log.stat().st_size), os.SEEK_END)
        last = json.loads(file.read().splitlines()[-1])
    if last["end"] != size:
        raise RuntimeError(f"tinylua logged {last['end']} of {size} bytes")
    result = {"wall": wall, "user": user, "system": system, "log": log.stat().st_size}
    for words in (["rm", made.stdout.strip()], ["gc"]):
        subprocess.run([binary, "--root", str(root), *words], check=True, stdout=subprocess.DEVNULL)
    return result


def conmon(_, folder, text, size):
    place = folder / "logs-conmon"
    place.mkdir(exist_ok=True)
    log, pids = place / "ctr.log", [place / "ctr.pid", place / "conmon.pid"]
    bundle = sides.bundle(folder, rootfs_with_yes(folder), writer(text, size))
    crun = ["crun", "--root", str(place / "crun"), "--cgroup-manager=disabled"]
    begun = time.monotonic()
    subprocess.run(["conmon", "-c", "bench", "-u", "bench", "-n", "bench", "-r", shutil.which("crun"), "-b", bundle,
                    "-l", f"k8s-file:{log}", "-p", str(pids[0]), "-P", str(pids[1]), "--exit-dir", str(place),
                    "--full-attach", "--no-sync-log",
                    *(f"--runtime-arg={word}" for word in crun[1:])], check=True, stdout=subprocess.DEVNULL)
    # conmon returns before crun has created the container, and writes its pid afterwards.
    while not (pids[0].exists() and pids[0].read_text()):
        time.sleep(0.001)
    pid = int(pids[1].read_text())
    subprocess.run(crun + ["start", "bench"], check=True)
    user, system = outlive(pid)
    wall = time.monotonic() - begun
    result = {"wall": wall, "user": user, "system": system, "log": log.stat().st_size}
    subprocess.run(crun + ["delete", "-f", "bench"], check=True)
    for path in [log, *pids]:
        path.unlink()
    return result


def measure(binary, folder, size, rounds):
    adopt_orphans()
    rows = []
    for kind, text in LINES.items():
        bytes_written = size // SHARE[kind]
        samples = {tinylua: [], conmon: []}
        for n in range(rounds):
            order = [tinylua, conmon] if n % 2 == 0 else [conmon, tinylua]
            for side in order:
                samples[side].append(side(binary, folder, text, bytes_written))
                reap()
        for side, runs in samples.items():
            middle = {key: statistics.median(run[key] for run in runs) for key in ("wall", "user", "system", "log")}
            cpu = statistics.median(run["user"] + run["system"] for run in runs)
            rows.append({"side": side.__name__, "lines": kind, "bytes": bytes_written, "log_bytes": middle["log"],
                         "mb_per_second": bytes_written / 1e6 / middle["wall"], "user_seconds": middle["user"],
                         "system_seconds": middle["system"], "cpu_seconds": cpu,
                         "mb_per_cpu_second": bytes_written / 1e6 / max(cpu, 0.01)})
    for row in rows:
        peer = next(r for r in rows if r["side"] == "conmon" and r["lines"] == row["lines"])
        row["of_conmon"] = row["mb_per_cpu_second"] / peer["mb_per_cpu_second"]
    return rows
