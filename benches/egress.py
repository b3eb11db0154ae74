"""Containers with an egress list: the start compared with Sandlock and bubblewrap, and what the list costs once the
container runs, compared with a container on the same bridge without one. The world outside is a network namespace in
which every address of two documentation ranges answers."""

import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time

import network
import sides
from network import sh

WORLD, SERVER, CLOSED, NAMES = "bench-world", "198.51.100.7", "198.51.100.250", "203.0.113.53"
PORT, TTL = "8443", "300"


@contextlib.contextmanager
def world(probe):
    """The host's default route leads there. A name server, a TCP server and an echo server run in it."""
    os.makedirs("/run/netns", exist_ok=True)
    sh("ip", "netns", "add", WORLD)
    sh("ip", "link", "add", "bench-out", "type", "veth", "peer", "name", "eth0", "netns", WORLD)
    sh("ip", "addr", "add", "192.0.2.2/24", "dev", "bench-out")
    sh("ip", "link", "set", "bench-out", "up")
    for words in (["link", "set", "lo", "up"], ["addr", "add", "192.0.2.1/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                  ["route", "add", "local", "198.51.100.0/24", "dev", "lo"], ["route", "add", "local", "203.0.113.0/24", "dev", "lo"]):
        sh("ip", "-n", WORLD, *words)
    sh("ip", "route", "add", "default", "via", "192.0.2.1")
    enter = ["ip", "netns", "exec", WORLD]
    servers = [subprocess.Popen([*enter, probe, *words]) for words in
               (["names", NAMES, TTL], ["accept", "0.0.0.0", PORT], ["echo", SERVER, PORT])]
    try:
        time.sleep(0.2)
        yield enter
    finally:
        for server in servers:
            server.kill()
            server.wait()
        sh("ip", "netns", "del", WORLD)


def resolves_by_world(folder):
    """Sandlock asks the machine's own resolver for its rules."""
    own = folder / "resolv.conf"
    own.write_text(f"nameserver {NAMES}\n")
    sh("mount", "--bind", own, "/etc/resolv.conf")


def started(binary, folder):
    """How each side starts `true` with one name allowed and a folder whose changes are kept apart."""
    rootfs, project = sides.make_rootfs(folder), folder / "project"
    if not project.exists():
        project.mkdir()
        for n in range(1000):
            (project / f"file{n}").write_text("content\n")
    own = [binary, "--root", str(folder / "egress-start"), "run", "--rm", f"--rootfs={rootfs}"]
    rule, cow = ["--egress", f"n1.bench.test:{PORT}"], ["--cow", f"{project}:/project", "--on-exit", "discard"]
    bridge = ["--network", "bridge", "--dns", NAMES]
    shown = [word for path in (rootfs, "/usr", "/bin", "/lib", "/lib64", "/proc", "/dev") for word in ("-r", str(path))]
    sandlock = [shutil.which("sandlock") or "sandlock", "run", *shown, "--net-allow", f"n1.bench.test:{PORT}",
                "--workdir", str(project), "--cwd", str(project), "--on-exit", "abort", "--"]
    bwrap = ["bwrap", "--unshare-all", "--bind", str(rootfs), "/", "--ro-bind", str(project), "/project", "--proc", "/proc", "--dev", "/dev"]
    # A container that stays, so that the bridge exists, as on a machine that runs several.
    sh(binary, "--root", folder / "egress-start", "run", "-d", "--name", "stays", "--network", "bridge", f"--rootfs={rootfs}", "/bin/sleep", "3600")
    return [
        sides.Side("tinylua", lambda *p: own + ["--network", "none"] + list(p), "no network"),
        sides.Side("tinylua, folder", lambda *p: own + ["--network", "none"] + cow + list(p), "no network, copy-on-write folder"),
        sides.Side("tinylua, bridge", lambda *p: own + bridge + list(p), "a bridge, everything allowed"),
        sides.Side("tinylua, egress", lambda *p: own + bridge + rule + list(p), "a bridge and the list"),
        sides.Side("tinylua, both", lambda *p: own + bridge + rule + cow + list(p), "the list and the folder"),
        sides.Side("Sandlock", lambda *p: sandlock + [str(rootfs / p[0].lstrip("/")), *p[1:]], "the same rule and folder; no namespaces"),
        sides.Side("bubblewrap", lambda *p: bwrap + list(p), "no network, the folder read-only: it has neither lists nor changes"),
    ]


def numbers(text):
    done, failed, seconds, p50, p99 = text.split()
    return {"done": int(done), "failed": int(failed), "seconds": float(seconds), "p50_us": int(p50) / 1000, "p99_us": int(p99) / 1000}


class Running:
    """A container that sleeps, and the probe run in it."""

    def __init__(self, own, name, rootfs, *options):
        self.own, self.name = own, name
        sh(*own, "run", "-d", "--name", name, "--network", "bridge", "--dns", NAMES, *options, f"--rootfs={rootfs}", "/bin/sleep", "3600")
        pid = sh(*own, "inspect", name, "--format", "state.pid").strip()
        self.inside = ["nsenter", "-t", pid, "-n"]

    def probe(self, *words):
        return numbers(sh(*self.own, "exec", self.name, "/bin/probe", *words))


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def titled(pattern):
    """The pid of the process whose title has this."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if re.search(pattern, (process / "cmdline").read_bytes().decode(errors="replace")):
                return int(process.name)
    return None


def lookups(plain, fenced, options):
    """Lookups of one name, one at a time; then a flood of them, and the processor time that the resolver takes for one."""
    rounds, found = max(3, options.rounds // 40), {"plain": [], "egress": []}
    fenced.probe("ask", "127.0.0.11", "100", "1", "100")
    for _ in range(rounds):
        found["plain"].append(plain.probe("ask", "127.0.0.11", "2000", "1", "1")["p50_us"])
        found["egress"].append(fenced.probe("ask", "127.0.0.11", "2000", "1", "1")["p50_us"])
    medians = {side: statistics.median(all_) for side, all_ in found.items()}
    pid = titled(f"resolver of {fenced.name}")
    before = processor_seconds(pid) if pid else 0
    flood = fenced.probe("ask", "127.0.0.11", "100000", "64", "100")
    used = processor_seconds(pid) - before if pid else None
    return {"plain_us": medians["plain"], "egress_us": medians["egress"], "ratio": medians["egress"] / medians["plain"],
            "answers_per_second": flood["done"] / flood["seconds"], "failed": flood["failed"],
            "answers_per_processor_second": flood["done"] / used if used else None}


def connections(plain, fenced, options):
    rounds, found = max(3, options.rounds // 40), {"plain": [], "egress": []}
    for _ in range(rounds):
        found["plain"].append(plain.probe("connect", SERVER, PORT, "2000"))
        found["egress"].append(fenced.probe("connect", SERVER, PORT, "2000"))
    rate = {side: statistics.median(r["done"] / r["seconds"] for r in all_) for side, all_ in found.items()}
    refused = fenced.probe("connect", CLOSED, "81", "1000")
    return {"plain_per_second": rate["plain"], "egress_per_second": rate["egress"], "ratio": rate["egress"] / rate["plain"],
            "refused_p50_us": refused["p50_us"], "refused_p99_us": refused["p99_us"], "refused": refused["failed"]}


def throughput(plain, fenced, enter):
    """iperf3 to a server in the world, interleaved."""
    got = {"plain": [], "egress": []}
    for _ in range(5):
        got["plain"].append(network.gigabits(enter, plain.inside, SERVER, 5201))
        got["egress"].append(network.gigabits(enter, fenced.inside, SERVER, 5201))
    medians = {side: statistics.median(all_) for side, all_ in got.items()}
    return {"plain_gbit": medians["plain"], "egress_gbit": medians["egress"], "ratio": medians["egress"] / medians["plain"]}


def packets(plain, fenced, options):
    """A datagram to the world and back."""
    rounds, found = max(3, options.rounds // 40), {"plain": [], "egress": []}
    for _ in range(rounds):
        found["plain"].append(plain.probe("trip", SERVER, PORT, "10000")["p50_us"])
        found["egress"].append(fenced.probe("trip", SERVER, PORT, "10000")["p50_us"])
    medians = {side: statistics.median(all_) for side, all_ in found.items()}
    return {"plain_us": medians["plain"], "egress_us": medians["egress"], "ratio": medians["egress"] / medians["plain"]}


def crowd(own, rootfs, count, names):
    """So many containers, each with so many names listed and looked up."""
    rules = [word for n in range(names) for word in ("--egress", f"n{n}.bench.test:{PORT}")]
    containers = [Running(own, f"crowd{n}", rootfs, *rules) for n in range(count)]
    for one in containers:
        one.probe("ask", "127.0.0.11", str(names), "16", str(names))
    return containers


def running(options, binary, probe, folder, enter):
    rootfs = sides.make_rootfs(folder)
    shutil.copy(probe, rootfs / "bin/probe")
    own = [binary, "--root", str(folder / "egress-runs")]
    rules = ["--egress", f"*.bench.test:{PORT}", "--egress", f"198.51.100.0/25:{PORT},5201", "--egress", f"198.51.100.0/25:{PORT}/udp"]
    plain = Running(own, "plain", rootfs)
    fenced = Running(own, "fenced", rootfs, *rules)
    result = {"lookups": lookups(plain, fenced, options), "connections": connections(plain, fenced, options),
              "packets": packets(plain, fenced, options), "throughput": throughput(plain, fenced, enter)}
    if not options.first:
        others = crowd(own, rootfs, 100, 1000)
        result["crowd"] = {"containers": len(others), "names": 1000, "throughput": throughput(plain, fenced, enter), "packets": packets(plain, fenced, options)}
    return result


def measure(options, folder, probe, compare, binary):
    resolves_by_world(folder)
    with world(probe) as enter:
        try:
            return {"start": compare(lambda *_: started(binary, folder)), "running": running(options, binary, probe, folder, enter)}
        finally:
            for state in ("egress-start", "egress-runs"):
                own = [binary, "--root", str(folder / state)]
                left = sh(*own, "ps", "-aq").split()
                if left:
                    sh(*own, "rm", "-f", *left)
