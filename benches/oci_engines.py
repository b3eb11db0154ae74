"""The time inside the runtime while podman, a Docker Engine or containerd runs a container with it: each engine is given
a program (oci_call.c) that calls the runtime and notes how long that took."""

import contextlib
import pathlib
import shutil
import statistics
import subprocess
import time

import image_engines
import sides

HERE = pathlib.Path(__file__).resolve().parent


class Call:
    """The stand-in for one runtime under one engine, and the command that runs a container through it."""

    def __init__(self, engine, runtime, folder):
        self.engine, self.runtime = engine, runtime.name
        self.folder = pathlib.Path(folder) / "calls" / engine / runtime.name
        self.folder.mkdir(parents=True)
        self.program, self.log = self.folder / runtime.name, self.folder / "log"
        flags = [f'-DREAL="{runtime.program}"', f'-DLOG="{self.log}"']
        subprocess.run(["gcc", "-O2", "-static", "-Wall", *flags, "-o", self.program, HERE / "oci_call.c"], check=True)
        self.command, self.rounds = None, []

    def run(self):
        """One container: seconds of everything, and what the runtime was called for."""
        self.log.unlink(missing_ok=True)
        begin = time.perf_counter()
        done = image_engines.quietly(*self.command)
        took = time.perf_counter() - begin
        if done.returncode:
            return (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        # The engine may clean up after its client ended.
        time.sleep(0.1)
        lines = [line.split() for line in self.log.read_text().splitlines()]
        self.rounds.append((took * 1000, [(word, int(nanos) / 1e6, int(peak), int(code)) for word, nanos, peak, code in lines]))
        return None

    def row(self):
        calls = [calls for _, calls in self.rounds]
        words = list(dict.fromkeys(word for each in calls for word, *_ in each))
        by_word = {word: statistics.median(sum(ms for w, ms, *_ in each if w == word) for each in calls) for word in words}
        inside = statistics.median(sum(ms for _, ms, *_ in each) for each in calls)
        return {"engine": self.engine, "side": self.runtime, "median_ms": inside, "whole_ms": statistics.median(t for t, _ in self.rounds),
                "calls": len(calls[-1]), "by_command_ms": by_word, "peak_kb": max(peak for each in calls for _, _, peak, _ in each)}


@contextlib.contextmanager
def podman(calls, rootfs, disk):
    for call in calls:
        flags = image_engines.podman_flags(disk)
        flags[flags.index("--runtime") + 1] = str(call.program)
        limits = ["--ulimit", "nofile=1024:20000", "--ulimit", "nproc=4096:4096"]
        call.command = [*flags, "run", "--rm", "--network", "none", *limits, "--rootfs", rootfs, "/bin/true"]
    yield


@contextlib.contextmanager
def docker(calls, rootfs, disk):
    # "runc" is a reserved name.
    flags = [word for call in calls for word in ("--add-runtime", f"bench-{call.runtime}={call.program}")]
    with image_engines.docker(disk, "bench", flags) as engine:
        client = engine.pull[:3]
        archive = subprocess.run(["tar", "-C", rootfs, "-c", "."], stdout=subprocess.PIPE, check=True).stdout
        done = subprocess.run([*client, "import", "-", "bench"], input=archive, capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr.decode().strip())
        for call in calls:
            call.command = [*client, "run", "--rm", "--network", "none", "--runtime", f"bench-{call.runtime}", "bench", "/bin/true"]
        yield


@contextlib.contextmanager
def containerd(calls, rootfs, disk):
    with image_engines.containerd(disk, "bench") as engine:
        for call in calls:
            run = ["run", "--rm", "--runc-binary", call.program, "--rootfs", rootfs, f"bench-{call.runtime}", "/bin/true"]
            call.command = [*engine.pull[:3], *run]
        yield


def measure(options, runtimes, folder):
    """Rows and what was skipped; the runtimes take turns."""
    disk = pathlib.Path(folder) / "engines"
    disk.mkdir()
    rounds, rows, skipped = max(5, options.rounds // 10), [], {}
    # Engines create files in it.
    rootfs = sides.make_rootfs(disk)
    begin = {"podman": ("podman", podman), "docker": ("dockerd", docker), "ctr": ("containerd", containerd)}
    for engine, (tool, prepare) in begin.items():
        if not shutil.which(tool):
            skipped[f"under {engine}"] = f"{tool} is not installed"
            continue
        calls = [Call(engine, runtime, folder) for runtime in runtimes]
        with contextlib.ExitStack() as stack:
            stack.enter_context(image_engines.tidied(disk))
            try:
                stack.enter_context(prepare(calls, rootfs, disk))
            except RuntimeError as error:
                skipped[f"under {engine}"] = str(error)
                continue
            for call in list(calls):
                problem = call.run()
                call.rounds.clear()
                if problem:
                    skipped[f"{call.runtime} under {engine}"] = problem
                    calls.remove(call)
            for number in range(rounds):
                turn = number % max(1, len(calls))
                for call in calls[turn:] + calls[:turn]:
                    problem = call.run()
                    if problem:
                        raise RuntimeError(f"{call.runtime} under {engine}: {problem}")
        rows += compared([call.row() for call in calls])
    return rows, skipped


def compared(rows):
    by_name = {row["side"]: row["median_ms"] for row in rows}
    for row in rows:
        for peer in ("crun", "runc"):
            row[f"of_{peer}"] = row["median_ms"] / by_name[peer] if by_name.get(peer) else None
    return rows
