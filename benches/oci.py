"""tinylua-oci beside crun and runc, called as engines call an OCI runtime; and the time that engines spend in each."""

import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

import images
import oci_engines
import sides

HERE = pathlib.Path(__file__).resolve().parent
SLEEP = ("/bin/sleep", "1000")
PHASES = ("create", "start", "wait", "delete")
CLIENTS, CONTAINERS = 16, 200


class Runtime:
    """A runtime with its global options and its directory for state."""

    def __init__(self, name, program, folder, flags=()):
        self.name, self.program, self.state = name, program, pathlib.Path(folder) / "state" / f"oci-{name}"
        self.command = [program, "--root", str(self.state), *flags]

    def quietly(self, *words):
        return subprocess.run([*self.command, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def own(options, folder):
    """The binary under its other name; $TINYLUA_OCI is another one."""
    source = os.environ.get("TINYLUA_OCI") or options.tinylua
    copy = pathlib.Path(folder) / "programs/own/tinylua-oci"
    if not copy.exists():
        copy.parent.mkdir(parents=True)
        copy.write_bytes(pathlib.Path(source).read_bytes())
        copy.chmod(0o755)
    return str(copy)


def everyone(options, folder):
    return [Runtime("tinylua-oci", own(options, folder), folder),
            Runtime("crun", sides.installed("crun", folder), folder, ["--cgroup-manager=cgroupfs"]),
            Runtime("runc", sides.installed("runc", folder), folder)]


def bare():
    """Four namespaces and /proc."""
    names = sides.capabilities()
    return {
        "ociVersion": "1.0.2", "root": {"path": "ROOTFS"},
        "process": {"user": {"uid": 0, "gid": 0}, "args": [], "cwd": "/", "env": ["PATH=/bin"],
                    "capabilities": {k: names for k in ("bounding", "effective", "permitted")}},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": t} for t in ("pid", "mount", "ipc", "uts")], "cgroupsPath": "/tinylua-bench/NAME"},
    }


def podman():
    """What podman 4.3 wrote for `podman run --network none IMAGE /bin/true`."""
    return json.loads((HERE / "podman.json").read_text())


KINDS = {"podman": podman, "bare": bare}


def bundle(folder, rootfs, kind, program, name):
    """A bundle that one runtime uses, with a cgroup of its own."""
    path = pathlib.Path(folder) / f"oci-{kind}-{name}-{pathlib.Path(program[0]).name}"
    files = path / "files"
    if not path.exists():
        (files / "shm").mkdir(parents=True)
        for file in ("hosts", "hostname", ".containerenv"):
            (files / file).touch()
        text = json.dumps(KINDS[kind]()).replace('"ROOTFS"', json.dumps(str(rootfs))).replace('"FILES/', f'"{files}/')
        config = json.loads(text.replace("/NAME", f"/{name}"))
        config["process"]["args"] = list(program)
        (path / "config.json").write_text(json.dumps(config))
    return str(path)


def side(runtime, folder, rootfs, kind):
    """`run`, for what a program inside sees."""
    path = lambda program: bundle(folder, rootfs, kind, program, runtime.name)
    return sides.Side(runtime.name, lambda *program: [*runtime.command, "run", "--bundle", path(program), "bench-facts"])


def summary(values):
    return {"median_us": statistics.median(values), "min_us": min(values)}


def lifecycle(options, program, runtimes, folder, rootfs, kind):
    """create, start, wait and delete, each and together."""
    argv = [program, str(options.rounds), "5", str(options.pause)]
    for i, runtime in enumerate(runtimes):
        argv += ([","] if i else []) + runtime.command + ["--", bundle(folder, rootfs, kind, ("/bin/true",), runtime.name)]
    lines = subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    took, peak = [{} for _ in runtimes], [{} for _ in runtimes]
    for line in lines:
        index, phase, nanos, kilobytes = line.split()
        took[int(index)].setdefault(phase, []).append(int(nanos) / 1000)
        peak[int(index)].setdefault(phase, []).append(int(kilobytes))
    rows = []
    for runtime, times, memory in zip(runtimes, took, peak):
        together = [sum(each) for each in zip(*(times[phase] for phase in PHASES))]
        rows.append({"side": runtime.name, **summary(together), "phases": {phase: summary(times[phase]) for phase in PHASES},
                     "peak_kb": {phase: max(memory[phase]) for phase in PHASES}, "waiting_pss_kb": statistics.median(memory["waiting"]),
                     **side(runtime, folder, rootfs, kind).facts()})
    return compared(rows)


def compared(rows):
    by_name = {row["side"]: row["median_us"] for row in rows}
    for row in rows:
        for peer in ("crun", "runc"):
            row[f"of_{peer}"] = row["median_us"] / by_name[peer] if by_name.get(peer) else None
    return rows


def commands(measured, runtimes, folder, rootfs):
    """Single commands on a container that runs; the peak memory is that of the command and of what it waited for."""
    found, skipped = {}, {}
    for runtime in runtimes:
        path = bundle(folder, rootfs, "podman", SLEEP, runtime.name)
        subprocess.run([*runtime.command, "run", "--detach", "--bundle", path, "bench-running"], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
    try:
        for name, words in (("state", ["state", "bench-running"]), ("exec", ["exec", "bench-running", "/bin/true"]),
                            ("features", ["features"]), ("--version", ["--version"])):
            able = []
            for runtime in runtimes:
                done = runtime.quietly(*words)
                if done.returncode:
                    skipped[f"{runtime.name} {name}"] = (done.stderr or done.stdout).strip().splitlines()[0]
                else:
                    able.append(runtime)
            if not able:
                continue
            samples = measured([[*runtime.command, *words] for runtime in able])
            found[name] = compared([{"side": runtime.name, **summary([t for t, _ in taken]), "peak_kb": max(kb for _, kb in taken)}
                                    for runtime, taken in zip(able, samples)])
    finally:
        for runtime in runtimes:
            runtime.quietly("delete", "--force", "bench-running")
    return found, skipped


class Sampled(images.Memory):
    """The same without a pause, for commands of a few milliseconds."""

    pause = 0


COMMANDS = (("create", ["create", "--bundle", "BUNDLE", "bench-memory"]), ("state", ["state", "bench-memory"]), ("start", ["start", "bench-memory"]),
            ("exec", ["exec", "bench-memory", "/bin/true"]), ("delete", ["delete", "--force", "bench-memory"]))


def sampled(command):
    """The largest sum of PSS of a command and its descendants."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    watch = Sampled(process.pid)
    watch.start()
    process.wait()
    watch.join()
    return watch.pss


def charged(command, group=pathlib.Path("/sys/fs/cgroup/memory/tinylua-bench-memory")):
    """The most memory that the kernel charges to a cgroup in which the command starts: its own and the kernel's for it, but not
    pages of files that were in memory before. The container's process moves to its own cgroup."""
    group.mkdir()
    try:
        done = subprocess.run(["sh", "-c", 'echo 0 > "$0/tasks"; echo 0 > "$0/memory.max_usage_in_bytes"; exec "$@"', group, *command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"{command}: exit status {done.returncode}")
        return int((group / "memory.max_usage_in_bytes").read_text()) // 1024
    finally:
        # A runtime without a cgroup for its container leaves it there.
        for pid in (group / "tasks").read_text().split():
            (group.parent / "tasks").write_text(pid)
        for _ in range(100):
            with contextlib.suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.01)


def memory(runtimes, folder, rootfs, times=20):
    """What a command uses at most: the largest of many samples of PSS, and the median of what is charged."""
    rows = []
    for how, name in ((sampled, "PSS"), (charged, "charged")):
        if how is charged and not pathlib.Path("/sys/fs/cgroup/memory/tasks").exists():
            continue
        for runtime in runtimes:
            path, found = bundle(folder, rootfs, "podman", SLEEP, runtime.name), {}
            for _ in range(times):
                for word, words in COMMANDS:
                    command = [path if each == "BUNDLE" else each for each in [*runtime.command, *words]]
                    found.setdefault(word, []).append(how(command))
            choose = max if how is sampled else statistics.median
            rows.append({"side": runtime.name, "what": name, "kb": {word: choose(values) for word, values in found.items()}})
    return rows


def is_cgroup(folder):
    """Where cgroup2 is hidden, crun creates plain directories and files instead of cgroups."""
    return (folder / "tasks").exists() or (folder / "cgroup.controllers").exists()


def remove(folder):
    if is_cgroup(folder):
        subprocess.run(["find", folder, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], capture_output=True)
    else:
        shutil.rmtree(folder)


def crowd(program, runtimes, folder, rootfs):
    """Containers that many clients create, start and delete at once. Their programs sleep."""
    rows = []
    for runtime in runtimes:
        path = pathlib.Path(bundle(folder, rootfs, "podman", SLEEP, runtime.name))
        config = json.loads((path / "config.json").read_text())
        del config["linux"]["cgroupsPath"]  # each has its own then
        (path / "config.json").write_text(json.dumps(config))
        argv = [program, "crowd", str(CLIENTS), str(CONTAINERS), *runtime.command, "--", str(path)]
        lines = subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        parts = {part: (int(nanos) / 1e9, int(failed)) for part, nanos, failed in (line.split() for line in lines)}
        left = [entry.name for entry in runtime.state.iterdir()] if runtime.state.exists() else []
        groups = list(pathlib.Path("/sys/fs/cgroup").glob("*/**/crowd-*"))
        rows.append({"side": runtime.name, "begin_seconds": parts["begin"][0], "end_seconds": parts["end"][0],
                     "failed": parts["begin"][1] + parts["end"][1], "records_left": sum("crowd-" in name for name in left),
                     "cgroups_left": sum(map(is_cgroup, groups))})
        for group in groups:
            remove(group)
        shutil.rmtree(path)
    return rows


def parents():
    """The cgroups that runtimes create above those of containers."""
    return {place for name in ("tinylua-bench", "tinylua-oci") for place in pathlib.Path("/sys/fs/cgroup").glob(f"*/{name}")}


def measure(options, folder, compile_c, measured):
    before, rootfs = parents(), sides.make_rootfs(folder)
    program, runtimes, skipped = compile_c("lifecycle", folder), [], {}
    for runtime in everyone(options, folder):
        reasons = [side(runtime, folder, rootfs, kind).problem() for kind in KINDS]
        if any(reasons):
            skipped[runtime.name] = next(reason for reason in reasons if reason)
        else:
            runtimes.append(runtime)
    result = {"rounds": options.rounds, "clients": CLIENTS, "containers": CONTAINERS, "skipped": skipped}
    try:
        result["lifecycle"] = {kind: lifecycle(options, program, runtimes, folder, rootfs, kind) for kind in KINDS}
        result["commands"], missing = commands(measured, runtimes, folder, rootfs)
        skipped.update(missing)
        if not options.first:
            result["memory"] = memory(runtimes, folder, rootfs)
            result["crowd"] = crowd(program, runtimes, folder, rootfs)
            result["engines"], missing = oci_engines.measure(options, runtimes, folder)
            skipped.update(missing)
    finally:
        for place in parents() - before:
            remove(place)
    return result
