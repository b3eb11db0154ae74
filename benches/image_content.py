"""An image for the image benchmark, generated from a seed: layers of files as large and as compressible as those of
a distribution, and Debian's docker-registry on the loopback that serves it."""

import contextlib
import gzip
import hashlib
import io
import json
import math
import pathlib
import random
import shutil
import subprocess
import tarfile
import time
import urllib.request

# MB in each of the layers of the ordinary image.
LAYERS = (90, 55, 40, 25, 18, 12, 7, 3)
FILES = 7000
# Files that engines mount over.
ETC = ("hosts", "hostname", "resolv.conf")
MEDIA = "application/vnd.oci.image."
POOL = 4 << 20


def pools(rng):
    """Bytes as in text, as in programs, and as in compressed files. gzip reduces the mix to about a half."""
    words = ["".join(rng.choices("etaoinshrdlu_cmfwyp", k=rng.randint(2, 9))) for _ in range(4000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    text = " ".join(rng.choices(words, weights, k=POOL // 5)).encode()
    opcodes = [rng.randbytes(rng.randint(1, 5)) for _ in range(600)]
    weights = [1 / rank for rank in range(1, len(opcodes) + 1)]
    code = b"".join(piece + (rng.randbytes(2) if rng.random() < 0.3 else b"\0" * rng.randint(0, 3))
                    for piece in rng.choices(opcodes, weights, k=POOL // 4))
    return [(text, 0.5), (code, 0.42), (rng.randbytes(POOL), 0.08)]


def content(rng, kinds, size):
    pool = rng.choices([pool for pool, _ in kinds], [weight for _, weight in kinds])[0]
    parts = []
    while size > 0:
        at, length = rng.randrange(len(pool)), min(size, rng.randint(500, 40000))
        parts.append(pool[at:at + length])
        size -= len(parts[-1])
    return b"".join(parts)


def add(tar, name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode, entry.mtime, entry.size = kind, link, mode, 1700000000, len(data)
    tar.addfile(entry, io.BytesIO(data))


def layer(rng, kinds, number, size, files, programs):
    """A layer as a tar archive. Most files are small and most bytes are in large files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        if programs:
            for name in ("bin", "etc", "proc", "dev", "sys", "tmp"):
                add(tar, name, kind=tarfile.DIRTYPE, mode=0o755)
            for name in ETC:
                add(tar, "etc/" + name)
            add(tar, "bin/busybox", pathlib.Path(shutil.which("busybox")).read_bytes(), mode=0o755)
            for name in ("true", "sleep", "sh"):
                add(tar, "bin/" + name, kind=tarfile.SYMTYPE, link="busybox")
        add(tar, f"data{number}", kind=tarfile.DIRTYPE, mode=0o755)
        shares = [math.exp(rng.gauss(0, 2)) for _ in range(files)]
        for at, share in enumerate(shares):
            if at % 25 == 0:
                folder = f"data{number}/dir{at // 25}"
                add(tar, folder, kind=tarfile.DIRTYPE, mode=0o755)
            add(tar, f"{folder}/file{at}", content(rng, kinds, int(size * share / sum(shares))))
    return made.getvalue()


def build(place, sizes, files):
    """Writes an OCI layout; returns a description."""
    blobs = place / "blobs/sha256"
    blobs.mkdir(parents=True)
    rng = random.Random(1)
    kinds = pools(rng)

    def put(data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return "sha256:" + digest

    layers, diff_ids, total = [], [], sum(sizes)
    for number, size in enumerate(sizes):
        tar = layer(rng, kinds, number, size * 10**6, max(1, files * size // total), number == 0)
        diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
        packed = gzip.compress(tar, 6, mtime=0)
        layers.append({"mediaType": MEDIA + "layer.v1.tar+gzip", "digest": put(packed), "size": len(packed)})
    config = json.dumps({"os": "linux", "architecture": "amd64", "created": "2026-01-01T00:00:00Z", "config": {"Cmd": ["/bin/true"]},
                         "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json", "layers": layers,
                           "config": {"mediaType": MEDIA + "config.v1+json", "digest": put(config), "size": len(config)}}).encode()
    top = {"mediaType": MEDIA + "manifest.v1+json", "digest": put(manifest), "size": len(manifest)}
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [
        {**top, "annotations": {"org.opencontainers.image.ref.name": "latest"}}]}))
    return {"digest": top["digest"], "layers": [one["digest"] for one in layers], "packed": sum(one["size"] for one in layers),
            "config": "sha256:" + hashlib.sha256(config).hexdigest()}


class Registry:
    """Debian's docker-registry; its log has a line for each request."""

    def __init__(self, folder, port):
        self.place, self.log, self.policy = f"127.0.0.1:{port}", folder / "registry.log", folder / "policy.json"
        config = folder / "registry.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {folder}/registry}}\n"
                          f"http:\n  addr: {self.place}\n  secret: bench\n")
        self.policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)

    def wait(self):
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{self.place}/v2/").close()
                return
            time.sleep(0.05)
        raise SystemExit("docker-registry does not start: " + self.log.read_text())

    def push(self, layout, name):
        subprocess.run(["skopeo", "--policy", self.policy, "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", f"oci:{layout}:latest",
                        f"docker://{self.place}/{name}:latest"], check=True)

    def requests(self):
        return [line for line in self.log.read_text().splitlines() if "HTTP/1.1" in line]


@contextlib.contextmanager
def registry(folder, port=5000):
    served = Registry(folder, port)
    try:
        served.wait()
        yield served
    finally:
        served.process.terminate()
        served.process.wait()
