"""Images: a pull compared with other engines and with a floor, and what a store of images costs afterwards."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import threading
import time

import image_content
import image_engines
import sides

HERE = pathlib.Path(__file__).resolve().parent
NAME = "bench"
# A recipe that starts a program for which fsync(2) and the like do nothing.
NO_SYNC = """
local words = ...
local calls = { "fsync", "fdatasync", "syncfs", "sync", "sync_file_range" }
local filter = { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = calls, action = "SCMP_ACT_ERRNO", errnoRet = 0 } } }
-- Beside it, a filter as large for calls that nobody makes.
if words[1] == "sync" then filter.syscalls[1].names = { "acct", "swapon", "swapoff", "uselib", "quotactl" } end
tiny.seccomp(tiny.seccomp_compile(filter))
tiny.exec(table.move(words, 2, #words, 1, {}))
"""


def own_disk(folder, gigabytes=12):
    """An ext4 of its own: a sync does not wait for what other programs write on this machine."""
    image, place = folder / "disk.img", folder / "disk"
    subprocess.run(["fallocate", "-l", f"{gigabytes}G", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", image], check=True)
    place.mkdir()
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    return place


def seconds(command, **more):
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
    return took


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def synced(place):
    """How long it takes until what is in memory is on the disk."""
    start = time.perf_counter()
    subprocess.run(["sync", "-f", place], check=True)
    return time.perf_counter() - start


def interleaved(engines, rounds, disk):
    """For each engine a list of (seconds of the pull, seconds of a sync afterwards)."""
    samples = {engine.name: [] for engine in engines}
    for number in range(rounds + 1):
        for engine in engines[number % len(engines):] + engines[:number % len(engines)]:
            synced(disk)
            took = seconds(engine.pull)
            after = synced(disk)
            engine.empty()
            # The first round fills caches.
            if number:
                samples[engine.name].append((took, after))
    return samples


def cold(options, binary, registry, image, folder, disk):
    rounds = max(5, options.rounds // 20)
    with image_engines.started(binary, registry, image, folder, disk, NAME) as (engines, skipped):
        samples = interleaved(engines, rounds, disk)
    rows = []
    for engine in engines:
        took = samples[engine.name]
        rows.append({"side": engine.name, "note": engine.note, "seconds": statistics.median(t for t, _ in took),
                     "min_seconds": min(t for t, _ in took), "durable_seconds": statistics.median(t + after for t, after in took)})
    by_name = {row["side"]: row for row in rows}
    for row in rows:
        for peer in ("floor", "podman", "docker", "ctr"):
            row["of_" + peer] = row["seconds"] / by_name[peer]["seconds"] if peer in by_name else None
    return {"rounds": rounds, "sides": rows, "skipped": skipped}


def durability(options, own, registry, folder, disk):
    """The same pull where syncing does nothing."""
    recipe = folder / "no_sync.lua"
    recipe.write_text(NO_SYNC)

    class Pull:
        def __init__(self, name):
            self.name, self.root = name, disk / "durability"
            words = [own[0], "--root", str(self.root), "pull", "-q", f"{registry.place}/{NAME}:latest"]
            self.pull = [own[0], "run", str(recipe), name, *words]

        def empty(self):
            shutil.rmtree(self.root)

    samples = interleaved([Pull("sync"), Pull("no sync")], max(5, options.rounds // 20), disk)
    medians = {name: statistics.median(t for t, _ in took) for name, took in samples.items()}
    return {"sync_seconds": medians["sync"], "no_sync_seconds": medians["no sync"],
            "cost": medians["sync"] / medians["no sync"] - 1}


def snapshot(root):
    """Every file with its inode, size and times."""
    return {path: (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for path in pathlib.Path(root).rglob("*") for s in [path.lstat()]}


def unchanged(options, own, registry, root):
    before, asked = snapshot(root), len(registry.requests())
    times = [seconds([*own, "pull", "-q", f"{registry.place}/{NAME}:latest"]) for _ in range(max(5, options.rounds // 10))]
    time.sleep(0.2)
    after = snapshot(root)
    changed = [str(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    return {"requests": (len(registry.requests()) - asked) / len(times), "changed_files": len(changed), "median_ms": statistics.median(times) * 1000}


class Memory(threading.Thread):
    """The largest sum of the memory of a process and its descendants, looked at every few milliseconds."""

    pause = 0.003

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.pss, self.largest = pid, 0, 0

    def family(self, pid):
        yield pid
        try:
            for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                yield from self.family(int(child))
        except OSError:
            pass

    def run(self):
        while True:
            total = 0
            for pid in list(self.family(self.pid)):
                try:
                    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                    status = pathlib.Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    if pid == self.pid:
                        return
                    continue
                if "VmHWM:" not in status:
                    if pid == self.pid:
                        return
                    continue
                total += int(text.split("\nPss:")[1].split()[0])
                self.largest = max(self.largest, int(status.split("VmHWM:")[1].split()[0]))
            self.pss = max(self.pss, total)
            time.sleep(self.pause)


def memory(own, registry, root, name):
    command = [own[0], "--root", str(root), "pull", "-q", f"{registry.place}/{name}:latest"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watch = Memory(process.pid)
    watch.start()
    if process.wait():
        raise RuntimeError("pull " + name)
    watch.join()
    shutil.rmtree(root)
    return {"image": name, "pss_sum_kb": watch.pss, "largest_rss_kb": watch.largest}


def run(options, own, registry, measured, disk, folder):
    """`run --rm` of an image, of a directory, and of podman's image."""
    rootfs = sides.make_rootfs(folder / "plain")
    (rootfs / "etc").mkdir()
    for name in image_content.ETC:
        (rootfs / "etc" / name).touch()
    start = [*own, "run", "--rm", "--network", "none"]
    commands = {"tinylua, directory": [*start, f"--rootfs={rootfs}", "/bin/true"],
                "tinylua, image": [*start, f"{registry.place}/{NAME}:latest", "/bin/true"]}
    with image_engines.tidied(disk):
        podman, problem = image_engines.podman_run(registry, disk, NAME)
        if not problem:
            commands["podman, image"] = podman
        names, lists = list(commands), list(commands.values())
        samples = dict(zip(names[:2], measured(lists[:2])))
        if not problem:
            samples[names[2]] = measured(lists[2:], max(5, options.rounds // 10))[0]
    rows = [{"side": name, "median_ms": statistics.median(t for t, _ in taken) / 1000, "min_ms": min(t for t, _ in taken) / 1000}
            for name, taken in samples.items()]
    return {"sides": rows, "skipped": {"podman": problem} if problem else {}}


def listed(options, own, root, count=1000):
    """`images` and `rmi` where the store has many names."""
    model = next((root / "images/refs").iterdir())
    image = json.loads((model / "image.json").read_text())
    for number in range(count - 1):
        image["name"] = f"docker.io/library/copy{number}:latest"
        place = root / "images/refs" / image["name"].replace("/", "+")
        place.mkdir(mode=0o700)
        (place / "image.json").write_text(json.dumps(image, indent=2) + "\n")
    rounds = max(10, options.rounds // 5)
    rows = []
    for words in (["images"], ["images", "-q"]):
        times = [seconds([*own, *words]) * 1000 for _ in range(rounds)]
        rows.append({"command": " ".join(words), "median_ms": statistics.median(times), "min_ms": min(times)})
    times = []
    for number in range(15):
        # The collection of the one before.
        time.sleep(0.5)
        times.append(seconds([*own, "rmi", f"copy{number}"]) * 1000)
    rows.append({"command": f"rmi, one of {count} names", "median_ms": statistics.median(times), "min_ms": min(times)})
    return rows


def removed(own, registry, rounds=7):
    """`rmi` of the only name of an image, with its 7,000 files."""
    times = []
    for _ in range(rounds):
        seconds([*own, "pull", "-q", f"{registry.place}/{NAME}:latest"])
        subprocess.run(["sync"], check=True)
        times.append(seconds([*own, "rmi", f"{registry.place}/{NAME}:latest"]) * 1000)
        time.sleep(0.7)
    return {"command": "rmi, the last name of an image", "median_ms": statistics.median(times), "min_ms": min(times)}


def digests(own, registry, image, disk):
    """What save, load and push make of an image."""
    full, archive, other = f"{registry.place}/{NAME}:latest", disk / "saved.tar", disk / "loaded"
    output(*own, "save", "-o", str(archive), full)
    output(own[0], "--root", str(other), "load", "-i", str(archive))
    ref = json.loads(next((other / "images/refs").glob("*/image.json")).read_text())
    archive.unlink()
    output(own[0], "--root", str(other), "tag", full, f"{registry.place}/again:latest")
    output(own[0], "--root", str(other), "push", "-q", f"{registry.place}/again:latest")
    raw = subprocess.run(["skopeo", "--policy", registry.policy, "inspect", "--raw", "--tls-verify=false", f"docker://{registry.place}/again:latest"],
                         check=True, stdout=subprocess.PIPE).stdout
    shutil.rmtree(other)
    return {"load": ref["manifest"] == image["digest"], "push": "sha256:" + image_content.hashlib.sha256(raw).hexdigest() == image["digest"]}


def measure(options, binary, measured, folder):
    disk = own_disk(folder)
    own = [binary, "--root", str(disk / "tinylua")]
    try:
        image = image_content.build(folder / "image", image_content.LAYERS, image_content.FILES)
        with image_content.registry(disk) as registry:
            registry.push(folder / "image", NAME)
            shutil.rmtree(folder / "image")
            found = {"packed_bytes": image["packed"], "pull": cold(options, binary, registry, image, folder, disk)}
            if options.first:
                return found
            found["durability"] = durability(options, own, registry, folder, disk)
            found["memory"] = [memory(own, registry, disk / "memory", NAME)]
            image_content.build(folder / "large", (1000,), 200)
            registry.push(folder / "large", "large")
            shutil.rmtree(folder / "large")
            found["memory"].append(memory(own, registry, disk / "memory", "large"))
            seconds([*own, "pull", "-q", f"{registry.place}/{NAME}:latest"])
            found["unchanged"] = unchanged(options, own, registry, disk / "tinylua/images")
            found["digests"] = digests(own, registry, image, disk)
            found["run"] = run(options, own, registry, measured, disk, folder)
            found["commands"] = listed(options, own, disk / "tinylua")
            shutil.rmtree(disk / "tinylua")
            found["commands"].append(removed(own, registry))
            return found
    finally:
        # A process that empties the trash may still run.
        for _ in range(50):
            if subprocess.run(["umount", disk], capture_output=True).returncode == 0:
                break
            time.sleep(0.2)
