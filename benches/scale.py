"""Benchmarks of long-running state: an idle supervisor compared with others, listings of many records, and many
containers at the same time."""

import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time

import sides

CONFIG_COPIES = ("config.json", "state.json")
# The number of each supervisor: a single one is charged for pages that several share.
COUNTS = (1, 20)


def memory(pids):
    """The sums of Pss, Rss and private dirty memory of processes, in kB."""
    total = {"pss_kb": 0, "rss_kb": 0, "private_dirty_kb": 0}
    for pid in pids:
        fields = dict(line.split(":") for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        for key, field in (("pss_kb", "Pss"), ("rss_kb", "Rss"), ("private_dirty_kb", "Private_Dirty")):
            total[key] += int(fields[field].split()[0])
    return total


def output(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def wait_for(path, seconds=10):
    end = time.monotonic() + seconds
    while not (path.exists() and path.read_text().strip()):
        if time.monotonic() > end:
            raise RuntimeError(f"{path} does not appear")
        time.sleep(0.01)
    return path.read_text().strip()


def is_running(pid):
    """A zombie, which waits for init alone, is not: it has no command line."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


def running_with(word):
    """The pid of the process that has this word on its command line."""
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (place / "cmdline").read_bytes().split(b"\0"):
                return int(place.name)
        except OSError:
            pass
    raise RuntimeError(f"no process runs with {word}")


class Tinylua:
    name, note = "tinylua", "run -d; state, log and restart policy in the one process"

    def __init__(self, program, folder):
        self.command = [program, "--root", str(folder / "supervised")]
        self.store = folder / "supervised/containers"
        self.rootfs = sides.make_rootfs(folder)
        # The first container with this kernel and tinylua compiles the default filter for all later ones.
        output(*self.command, "run", "--rm", f"--rootfs={self.rootfs}", "/bin/true")

    def start(self, number):
        ident = output(*self.command, "run", "-d", f"--rootfs={self.rootfs}", "/bin/sleep", "600").strip()
        return json.loads((self.store / ident / "state.json").read_text())["supervisor"]["pid"]

    def stop(self):
        subprocess.run(self.command + ["rm", "-f"] + os.listdir(self.store), check=True, stdout=subprocess.DEVNULL)


class Conmon:
    name, note = "conmon", "log in podman's format (k8s-file), runtime crun without cgroups; podman keeps the state"

    def __init__(self, program, folder):
        self.folder = folder / "conmon"
        self.folder.mkdir()
        self.runtime = ["--root", str(self.folder / "crun"), "--cgroup-manager=disabled"]
        self.bundle = sides.bundle(folder, sides.make_rootfs(folder), ["/bin/sleep", "600"])
        self.names = []

    def start(self, number):
        name, pidfile = f"bench{number}", self.folder / f"{number}.pid"
        command = ["conmon", "-c", name, "-n", name, "-u", f"{number:016x}", "-r", shutil.which("crun"), "-b", self.bundle,
                   "-p", str(self.folder / f"{number}.container"), "-P", str(pidfile), "--socket-dir-path", str(self.folder),
                   "--exit-dir", str(self.folder), "-l", f"k8s-file:{self.folder}/{number}.log"]
        for word in self.runtime:
            command += ["--runtime-arg", word]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.folder / f"{number}.container")
        self.names.append(name)
        output("crun", *self.runtime, "start", name)
        return int(wait_for(pidfile))

    def stop(self):
        for name in self.names:
            subprocess.run(["crun", *self.runtime, "delete", "-f", name], check=True)
        for path in self.folder.glob("*.pid"):
            while is_running(path.read_text().strip()):
                time.sleep(0.01)


class Shim:
    """The shim is given its task by containerd over a socket; without a containerd there is none. What
    is measured is a shim that serves and has no task yet, which is less than it takes with one."""

    name, note = "containerd-shim-runc-v2", "serves its socket, before its task is created (in favour of the shim)"

    def __init__(self, program, folder):
        self.folder = folder / "shim"
        self.folder.mkdir()
        self.started = []

    def start(self, number):
        place = self.folder / str(number)
        place.mkdir()
        (place / "config.json").write_text("{}")
        (place / "log").touch()
        command = ["containerd-shim-runc-v2", "-namespace", "bench", "-id", f"bench{os.getpid()}-{number}", "-address",
                   str(self.folder / "none.sock"), "-publish-binary", "/bin/true", "start"]
        # The serving process keeps standard output; it reports its address through a file.
        with open(place / "said", "w") as said:
            subprocess.run(command, check=True, cwd=place, stdout=said, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        pid = running_with(command[4])
        self.started.append((pid, wait_for(place / "said")))
        return pid

    def stop(self):
        for pid, address in self.started:
            os.kill(pid, signal.SIGKILL)
            pathlib.Path(address.removeprefix("unix://")).unlink(missing_ok=True)


def supervisor(options, folder):
    """The memory of idle supervisors, after three seconds in which nothing happened."""
    rows, skipped = [], {}
    program = sides.installed(options.tinylua, folder)
    for count in COUNTS:
        made = []
        try:
            for kind in (Tinylua, Conmon, Shim):
                place = folder / f"{kind.name}-{count}"
                place.mkdir()
                try:
                    side = kind(program, place)
                    made.append((side, [side.start(number) for number in range(count)]))
                except (subprocess.CalledProcessError, RuntimeError, OSError) as problem:
                    skipped[kind.name] = str(problem)
            time.sleep(3)
            for side, pids in made:
                total = memory(pids)
                rows.append({"side": side.name, "count": count, "note": side.note,
                             **{key: value / count for key, value in total.items()}})
        finally:
            for side, _ in made:
                side.stop()
    for row in rows:
        peer = [r["pss_kb"] for r in rows if r["side"] == "conmon" and r["count"] == row["count"]]
        row["of_conmon"] = row["pss_kb"] / peer[0] if peer else None
    return {"sides": rows, "skipped": skipped}


def records(tinylua, root, count):
    """A store with `count` ended containers: one that ran, and copies of its record under other ids."""
    command = [tinylua, "--root", str(root)]
    subprocess.run(command + ["run", "true"], check=True)
    model = next((root / "containers").iterdir())
    texts = {name: json.loads((model / name).read_text()) for name in CONFIG_COPIES}
    for number in range(count - 1):
        ident = f"{random.getrandbits(48):012x}"
        place = root / "containers" / ident
        place.mkdir(mode=0o700)
        texts["config.json"].update(id=ident, name=f"copy{number}", hostname=ident)
        for name, value in texts.items():
            (place / name).write_text(json.dumps(value, indent=2) + "\n")
        (root / "names" / f"copy{number}").write_text(ident)


def ps(options, folder):
    """Listing and finding with many records."""
    tinylua = sides.installed(options.tinylua, folder)
    rows = []
    for count in (1, 1000, 10000):
        root = folder / f"records-{count}"
        records(tinylua, root, count)
        name = f"copy{count // 2}" if count > 1 else next((root / "containers").iterdir()).name
        for words in (["ps", "-a"], ["ps"], ["ps", "-aq"], ["inspect", name]):
            times = []
            for _ in range(max(5, options.rounds // 10)):
                start = time.perf_counter()
                output(tinylua, "--root", str(root), *words)
                times.append((time.perf_counter() - start) * 1000)
            shown = " ".join(words[:1] + ["NAME"] if words[0] == "inspect" else words)
            rows.append({"records": count, "command": shown, "median_ms": statistics.median(times), "min_ms": min(times)})
        shutil.rmtree(root)
    return {"commands": rows}


def many(options, folder):
    """Detached containers alive at once: how fast they start, what their supervisors hold, and the end."""
    tinylua = sides.installed(options.tinylua, folder)
    rootfs = sides.make_rootfs(folder)
    rows = []
    for shells in (1, 4):
        root = folder / f"many-{shells}"
        command = [tinylua, "--root", str(root)]

        def work(share):
            for _ in range(share):
                output(*command, "run", "-d", f"--rootfs={rootfs}", "/bin/sleep", "600")

        threads = [threading.Thread(target=work, args=(options.many // shells,)) for _ in range(shells)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        started = time.monotonic() - start
        store = root / "containers"
        pids = [json.loads((place / "state.json").read_text())["supervisor"]["pid"] for place in store.iterdir()]
        time.sleep(3)
        total = memory(pids)
        start = time.monotonic()
        subprocess.run(command + ["rm", "-f"] + os.listdir(store), check=True, stdout=subprocess.DEVNULL)
        ended = time.monotonic() - start
        left = sum(len(list((root / name).iterdir())) for name in ("containers", "names", "run"))
        alive = sum(is_running(pid) for pid in pids)
        rows.append({"shells": shells, "containers": len(pids), "starts_per_second": len(pids) / started,
                     "pss_sum_kb": total["pss_kb"], "pss_each_kb": total["pss_kb"] / len(pids), "remove_seconds": ended,
                     "left": left, "supervisors_left": alive})
    return {"runs": rows}
