"""The engines that pull in the image benchmark, each with a store on the same disk that `empty` clears between two
pulls. Their notes say whether they sync: counted with strace(1)."""

import contextlib
import pathlib
import shutil
import subprocess
import time

from engines import groups

# Blobs that tinylua fetches at once (`parallel` of registries.lua); the floor does the same.
PARALLEL = "3"


class Engine:
    """A command that pulls, and how its store is emptied."""

    def __init__(self, name, pull, empty, note):
        self.name, self.pull, self.empty, self.note = name, [str(word) for word in pull], empty, note


def floor_program():
    """Built by cargo: it has tinylua's inflate and hash."""
    root = pathlib.Path(__file__).resolve().parent.parent
    program = root / "target/x86_64-unknown-linux-gnu/release/examples/image_floor"
    if not program.exists():
        raise SystemExit(f"benches/run: {program} is missing; cargo build --release --example image_floor")
    return program


def quietly(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def clear(place):
    if place.exists():
        shutil.rmtree(place)


def podman_flags(disk):
    return ["podman", "--root", f"{disk}/podman", "--runroot", f"{disk}/podman-run", "--storage-driver", "overlay", "--runtime", "runc",
            "--cgroup-manager=cgroupfs", "--log-level=error", "--events-backend=file", "--network-config-dir", f"{disk}/podman-net"]


def podman_policy(registry):
    """podman needs a policy where the machine has none."""
    place = pathlib.Path("/etc/containers/policy.json")
    return [] if place.exists() else ["--signature-policy", str(registry.policy)]


def podman_run(registry, disk, name):
    """The command that runs an image that podman has, and why there is none."""
    image = f"{registry.place}/{name}:latest"
    if not shutil.which("podman"):
        return None, "not installed"
    pulled = quietly(*podman_flags(disk), "pull", "-q", "--tls-verify=false", *podman_policy(registry), image)
    limits = ["--ulimit", "nofile=1024:20000", "--ulimit", "nproc=4096:4096"]
    command = [shutil.which("podman"), *podman_flags(disk)[1:], "run", "--rm", "--network", "none", *limits, image, "/bin/true"]
    done = pulled if pulled.returncode else quietly(*command)
    return command, done.stderr.strip() if done.returncode else None


@contextlib.contextmanager
def tidied(disk):
    """Removes what podman leaves mounted, and its cgroups."""
    before = groups()
    try:
        yield
    finally:
        quietly("umount", f"{disk}/podman/overlay")
        for group in groups() - before:
            quietly("find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";")


def podman(registry, disk, image):
    flags = podman_flags(disk)

    def empty():
        quietly(*flags, "rmi", "-f", image)
        quietly("umount", disk / "podman/overlay")
        clear(disk / "podman")

    return Engine("podman", [*flags, "pull", "-q", "--tls-verify=false", *podman_policy(registry), image], empty,
                  "147 syncs, of its database; keeps no compressed blobs")


@contextlib.contextmanager
def daemon(command, disk, name, check):
    """A daemon that runs meanwhile; why it does not is raised."""
    with open(disk / f"{name}.log", "wb") as log:
        process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if quietly(*check).returncode == 0:
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()
        for mount in reversed([line.split()[1] for line in open("/proc/mounts") if f"{disk}/{name}/" in line]):
            quietly("umount", mount)


@contextlib.contextmanager
def docker(disk, image, more=()):
    home = disk / "docker"
    home.mkdir()
    client = ["docker", "-H", f"unix://{home}/sock"]
    flags = ["--data-root", home / "data", "--exec-root", home / "exec", "--pidfile", home / "pid", "-H", f"unix://{home}/sock",
             "--bridge=none", "--iptables=false", "--storage-driver", "overlay2", *more]
    with daemon(["dockerd", *flags], disk, "docker", [*client, "info"]):
        yield Engine("docker", [*client, "pull", "-q", image], lambda: quietly(*client, "rmi", "-f", image),
                     "112 syncs, of metadata; keeps no compressed blobs")


@contextlib.contextmanager
def containerd(disk, image):
    home = disk / "containerd"
    home.mkdir()
    config, sock = home / "config.toml", home / "sock"
    config.write_text(f'version = 2\nroot = "{home}/root"\nstate = "{home}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                      f'[grpc]\naddress = "{sock}"\n[ttrpc]\naddress = "{sock}.ttrpc"\n')
    client = ["ctr", "-a", sock]
    with daemon(["containerd", "-c", config], disk, "containerd", [*client, "version"]):
        yield Engine("ctr", [*client, "images", "pull", "--plain-http", "--snapshotter", "overlayfs", image],
                     lambda: quietly(*client, "images", "rm", "--sync", image), "209 syncs, of blobs and its database")


@contextlib.contextmanager
def started(binary, registry, image, folder, disk, name):
    """All engines that pull here, and why others do not."""
    full = f"{registry.place}/{name}:latest"
    root, plain, copied = disk / "pulled", disk / "floor", disk / "skopeo"
    engines = [
        Engine("floor", [floor_program(), registry.place, name, plain, PARALLEL, *image["layers"]], lambda: clear(plain),
               "one syncfs; no sandbox"),
        Engine("tinylua", [binary, "--root", root, "pull", "-q", full], lambda: clear(root), "15 syncs of blobs and names, a syncfs for each layer and two of everything; sandboxed"),
        Engine("skopeo copy", ["skopeo", "--policy", registry.policy, "copy", "-q", "--src-tls-verify=false", f"docker://{full}", f"dir:{copied}"],
               lambda: clear(copied), "fetches the blobs, unpacks nothing"),
    ]
    skipped = {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(tidied(disk))
        if shutil.which("podman"):
            engines.append(podman(registry, disk, full))
        for tool, make in (("dockerd", docker), ("containerd", containerd)):
            if shutil.which(tool):
                engines.append(stack.enter_context(make(disk, full)))
            else:
                skipped[tool] = "not installed"
        for engine in list(engines):
            engine.empty()
            done = quietly(*engine.pull)
            if done.returncode:
                engines.remove(engine)
                skipped[engine.name] = (done.stderr or done.stdout).strip()
            engine.empty()
        yield engines, skipped
