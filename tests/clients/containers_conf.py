"""The configuration of podman and buildah (containers.conf(5)), in which the runtime under test is `tested`."""

import os
import pathlib

import host

# podman's default limits are higher than root may set without CAP_SYS_RESOURCE.
CONFIG = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "tested"
runtime_supports_json = ["tested"]
runtime_supports_nocgroup = [{nocgroups}]
[engine.runtimes]
tested = ["{runtime}"]
[network]
network_backend = "netavark"
"""


def without_nocgroups():
    return pathlib.Path(host.runtime()).name == "runc"


def configure(home):
    path = pathlib.Path(home) / "containers.conf"
    # runc does not know the option by which podman says so.
    nocgroups = '' if without_nocgroups() else '"tested"'
    path.write_text(CONFIG.format(runtime=host.runtime(), nocgroups=nocgroups))
    path.chmod(0o644)
    os.environ["CONTAINERS_CONF"] = str(path)
