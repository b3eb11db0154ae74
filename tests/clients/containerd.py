"""containerd for the scripts of this folder: a daemon of the private host, with an image."""

import host
import image

PACKAGES = {"containerd": "containerd", "runc": "runc", "busybox": "busybox-static"}
IMAGE = "localhost/busybox:latest"
SOCKET = "/run/containerd/containerd.sock"

# The CRI plugin uses the runtime `tested` by the handler of this name, and as its default.
CONFIG = """version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [{disabled}]
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{image}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  enable_unprivileged_ports = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/tested"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested]
      runtime_type = "io.containerd.runc.v2"
      pod_annotations = ["org.tinylua.*"]
      container_annotations = ["org.tinylua.*"]
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested.options]
        BinaryName = "{runtime}"
"""


def serve(stack, cri=False, sandbox="localhost/pause:latest"):
    """Starts containerd until the end of the stack."""
    config = host.WORK / "containerd.toml"
    disabled = "" if cri else '"io.containerd.grpc.v1.cri"'
    config.write_text(CONFIG.format(disabled=disabled, socket=SOCKET, image=sandbox, runtime=host.runtime()))
    stack.enter_context(host.daemon("containerd", "-c", config, ready=lambda: ctr("version", ok=None).status == 0,
                                    log=host.WORK / "containerd.log"))


def load(reference, command=("/bin/sh",), namespace="default"):
    root = image.rootfs(host.WORK / "rootfs") if not (host.WORK / "rootfs").exists() else host.WORK / "rootfs"
    archive = image.archive(host.WORK / "image.tar", reference, image.layer(root), command)
    host.command("ctr", "-n", namespace, "images", "import", "--snapshotter", "overlayfs", archive)


def ctr(*words, **options):
    return host.command("ctr", *words, **options)
