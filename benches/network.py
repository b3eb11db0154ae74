"""Containers with a network: from start to exit compared with podman and the floor, the cost of the n-th one, and
the throughput of a link."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time

import engines
import sides

HERE = pathlib.Path(__file__).resolve().parent
NFT = """
table inet bench {
  map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  chain arriving {
    type nat hook prerouting priority dstnat
    dnat ip to meta l4proto . th dport map @ports
  }
  chain leaving {
    type nat hook postrouting priority srcnat
    ip saddr 10.99.0.0/24 ip daddr != 10.99.0.0/24 masquerade
  }
}
table bridge bench {
  set pins { type ifname . ether_addr . ipv4_addr; }
}
"""


def sh(*argv, **options):
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True, **options).stdout


def tinylua(binary, root):
    return [binary, "--root", str(root)]


def bridge_by_hand():
    """The existing bridge of the floor; the other sides have theirs."""
    sh("ip", "link", "add", "bench0", "type", "bridge")
    sh("ip", "addr", "add", "10.99.0.1/24", "dev", "bench0")
    sh("ip", "link", "set", "bench0", "up")
    sh("nft", "-f", "-", input=NFT)


def everything(binary, floor, folder, rootfs, docker):
    own = tinylua(binary, folder / "tinylua")
    return {
        "floor": [floor, "bench0", "10.99.0.2", "10.99.0.1", "18082", str(rootfs), "/bin/true"],
        "tinylua": [*own, "run", "--rm", "--network", "bridge", "-p", "18080:80", f"--rootfs={rootfs}", "/bin/true"],
        "podman": engines.podman(folder, rootfs, ["/bin/true"]),
        "docker": docker,
    }


def start(options, binary, floor, measure, folder):
    rootfs = sides.make_rootfs(folder)
    bridge_by_hand()
    own = tinylua(binary, folder / "tinylua")
    # A container that stays, so that its bridge exists.
    sh(*own, "run", "-d", "--name", "stays", "--network", "bridge", f"--rootfs={rootfs}", "/bin/sleep", "3600")
    with engines.tidied(folder), engines.docker(folder, rootfs, ["/bin/true"]) as docker:
        result = compared(options, measure, everything(binary, floor, folder, rootfs, docker))
    sh(*own, "rm", "-f", "stays")
    return result


def compared(options, measure, everyone):
    """Medians of those sides that work here; the engines take hundreds of milliseconds, so the rounds are fewer."""
    skipped, commands = {}, {}
    for name, command in everyone.items():
        if not command or not shutil.which(command[0]):
            skipped[name] = "not installed, or it does not start here"
            continue
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            skipped[name] = (done.stderr or done.stdout).strip().splitlines()[-1]
        else:
            commands[name] = [shutil.which(command[0]), *command[1:]]
    rounds = max(5, options.rounds // 10)
    argv = [measure, str(rounds), "1", str(options.pause)]
    for i, command in enumerate(commands.values()):
        argv += ([","] if i else []) + command
    samples = {name: [] for name in commands}
    for line in sh(*argv).splitlines():
        index, nanos, _ = map(int, line.split())
        samples[list(commands)[index]].append(nanos / 1000)
    medians = {name: statistics.median(s) for name, s in samples.items()}
    rows = [{"side": name, "median_us": medians[name], "min_us": min(s), "of_floor": medians[name] / medians["floor"],
             "of_podman": medians[name] / medians["podman"] if "podman" in medians else None} for name, s in samples.items()]
    return {"rounds": rounds, "sides": rows, "skipped": skipped}


def nth(options, binary, folder):
    """The start of one more container with a network where so many are there already."""
    rootfs = sides.make_rootfs(folder)
    own = tinylua(binary, folder / "tinylua-n")
    sh(*own, "network", "create", "wide", "--subnet", "10.98.0.0/16")
    rows, there = [], 0
    for n in (1, 100, 500):
        while there < n - 1:
            sh(*own, "run", "-d", "--network", "wide", f"--rootfs={rootfs}", "/bin/sleep", "3600")
            there += 1
        took = []
        for _ in range(15):
            began = time.monotonic()
            id = sh(*own, "run", "-d", "--network", "wide", "-p", "17080:80", f"--rootfs={rootfs}", "/bin/sleep", "3600").strip()
            took.append((time.monotonic() - began) * 1000)
            sh(*own, "rm", "-f", id)
        rows.append({"n": n, "median_ms": statistics.median(took), "of_first": statistics.median(took) / (rows[0]["median_ms"] if rows else statistics.median(took))})
    ids = sh(*own, "ps", "-q").split()
    began = time.monotonic()
    sh(*own, "rm", "-f", *ids)
    links = len(re.findall(r"^\d+: tl", sh("ip", "link"), re.M))
    return {"starts": rows, "remove_seconds": time.monotonic() - began, "links_left": links}


def gigabits(server, client, address, port):
    """iperf3 for two seconds; server and client are the words before it that enter a namespace."""
    listening = subprocess.Popen([*server, "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(50):
            done = subprocess.run([*client, "iperf3", "-c", address, "-p", str(port), "-t", "2", "-J"], capture_output=True, text=True)
            # Its exit status does not show that the server was not listening yet; its report does.
            received = json.loads(done.stdout or "{}").get("end", {}).get("sum_received")
            if received:
                return received["bits_per_second"] / 1e9
            time.sleep(0.05)
        raise SystemExit(f"iperf3 to {address}:{port}: {done.stdout}{done.stderr}")
    finally:
        # It exits by itself after one client.
        try:
            listening.wait(timeout=5)
        except subprocess.TimeoutExpired:
            listening.kill()


def throughput(options, binary, folder):
    """Between two containers and from the host to a published port, beside namespaces wired by hand with ip(8) and the
    same rules. Interleaved; medians."""
    own = tinylua(binary, folder / "tinylua-t")
    sh(*own, "run", "-d", "--name", "a", "--network", "bridge", "-p", "15201:5201", "sleep", "3600")
    sh(*own, "run", "-d", "--name", "b", "--network", "bridge", "sleep", "3600")
    addr = sh(*own, "inspect", "a", "--format", "state.networks[1].addr").strip()
    pids = {name: sh(*own, "inspect", name, "--format", "state.pid").strip() for name in "ab"}
    inside = {name: ["nsenter", "-t", pid, "-n"] for name, pid in pids.items()}
    if not pathlib.Path("/sys/class/net/bench0").exists() and "bench0" not in sh("ip", "link"):
        bridge_by_hand()
    for name, host in (("hand1", 2), ("hand2", 3)):
        sh("ip", "netns", "add", name)
        sh("ip", "link", "add", f"v{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        sh("ip", "link", "set", f"v{name}", "master", "bench0", "up")
        for words in (["addr", "add", f"10.99.0.{host}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["route", "add", "default", "via", "10.99.0.1"]):
            sh("ip", "-n", name, *words)
    sh("nft", "add", "element", "inet", "bench", "ports", "{ tcp . 15202 : 10.99.0.2 . 5201 }")
    sh("nft", "add", "chain", "inet", "bench", "out", "{ type nat hook output priority -100; }")
    sh("nft", "add", "rule", "inet", "bench", "out", "fib daddr type local dnat ip to meta l4proto . th dport map @ports")
    enter = {name: ["ip", "netns", "exec", name] for name in ("hand1", "hand2")}
    ways = {
        "container to container": ((inside["a"], inside["b"], addr, 5201), (enter["hand1"], enter["hand2"], "10.99.0.2", 5201)),
        "host to published port": ((inside["a"], [], "10.10.0.1", 15201), (enter["hand1"], [], "10.99.0.1", 15202)),
    }
    rows = []
    for what, (ours, hand) in ways.items():
        got = {"tinylua": [], "by hand": []}
        for _ in range(5):
            got["tinylua"].append(gigabits(*ours))
            got["by hand"].append(gigabits(*hand))
        ours_median, hand_median = statistics.median(got["tinylua"]), statistics.median(got["by hand"])
        rows.append({"what": what, "tinylua_gbit": ours_median, "by_hand_gbit": hand_median, "ratio": ours_median / hand_median})
    sh(*own, "rm", "-f", "a", "b")
    for name in ("hand1", "hand2"):
        sh("ip", "netns", "del", name)
    return {"ways": rows}


def measure(options, binary, floor, timer, folder):
    os.makedirs("/run/netns", exist_ok=True)
    began = {"start": start(options, binary, floor, timer, folder)}
    if options.first:
        return began
    return {**began, "nth": nth(options, binary, folder),
            "throughput": throughput(options, binary, folder)}
