"""The examples of lua/oci under an engine: what only this runtime has. The host's Lua takes part in every container, and a
container chooses a recipe of the host by an annotation."""

import json
import os
import pathlib
import shutil
import stat

import host
from host import CLEANUPS, Skip, check, equal, matches

FOLDER = pathlib.Path("/etc/tinylua")
LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")
LOG = pathlib.Path("/var/log/tinylua-oci.jsonl")


def install(example, name):
    """Installs an example below /etc/tinylua until the end of the check."""
    host.of_tinylua()
    target = FOLDER / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(host.REPOSITORY / "lua/oci" / example, target)
    target.chmod(0o644)
    CLEANUPS.append(target.unlink)


def make_gpu():
    """A GPU of the private host: a device that every kernel has under its name, and a library."""
    fuse, node = pathlib.Path("/dev/fuse"), pathlib.Path("/dev/nvidia0")
    if not fuse.exists():
        raise Skip("there is no /dev/fuse to be the GPU")
    os.mknod(node, stat.S_IFCHR | 0o666, fuse.stat().st_rdev)
    CLEANUPS.append(node.unlink)
    over = host.WORK / "libraries"
    for name in ("upper", "work"):
        (over / name).mkdir(parents=True, exist_ok=True)
    host.command("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={LIBRARIES},upperdir={over}/upper,workdir={over}/work", LIBRARIES)
    CLEANUPS.append(lambda: host.command("umount", "-l", LIBRARIES))
    (LIBRARIES / "libcuda.so.1").write_text("driver")


def explained(id):
    """What `tinylua explain` prints about a container of an engine."""
    return host.command("bash", "-c", 'exec -a tinylua "$@"', "bash", host.of_tinylua(), "explain", id).out


TELLS = """local function tell(name)
  return function()
    local file <close> = tiny.open("SAID", { write = true, append = true, create = true })
    file:write(name .. "\\n")
  end
end
return function() return { on_start = tell "on_start", on_oom = tell "on_oom", on_exit = tell "on_exit" } end
"""
SEES_GPU = f"true < /dev/nvidia0 && cat {LIBRARIES}/libcuda.so.1"
CONNECTS = "nc -w 5 127.0.0.1 9 < /dev/null"


def register(run, annotated):
    """Registers the checks. run(options, *command) returns the result of a container; annotated(name, value, …) returns the
    options that annotate it, or None where the engine cannot."""

    def choice(example, *more):
        """The options by which a container asks for the example; the example is installed."""
        name = example.removesuffix(".lua")
        words = annotated("org.tinylua.recipe", name, *more)
        install(example, "oci.lua" if words is None else f"oci/{example}")
        return words or []

    @check("gpu.lua adds device nodes and libraries")
    def _():
        make_gpu()
        equal(run([], "sh", "-c", SEES_GPU).status == 0, False, "a container without a GPU")
        done = run(choice("gpu.lua"), "sh", "-c", SEES_GPU)
        equal((done.out, done.status), ("driver", 0), f"the library: {done}")

    @check("quarantine.lua answers system calls")
    def _():
        matches("refused", run([], "sh", "-c", CONNECTS).err, "the error outside of quarantine")
        matches("(?i)network is unreachable", run(choice("quarantine.lua"), "sh", "-c", CONNECTS).err, "the error in quarantine")

    @check("profile.lua records every container's start")
    def _():
        install("profile.lua", "oci.lua")
        for _ in range(2):
            equal(run([], "true").status, 0, "the status")
        rows = [json.loads(line) for line in LOG.read_text().splitlines()]
        LOG.unlink()
        equal(len({row["id"] for row in rows}), 2, "the containers")
        steps = {row["step"] for row in rows}
        equal({"mounts", "exec"} <= steps, True, f"the steps {steps}")
        equal(all(0 <= row["start"] < 60 and 0 <= row["seconds"] < 60 for row in rows), True, "the times")

    @check("on_start, on_oom and on_exit are called on the host")
    def _():
        host.of_tinylua()
        said = host.WORK / "said"
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "oci.lua").write_text(TELLS.replace("SAID", str(said)))
        CLEANUPS.append((FOLDER / "oci.lua").unlink)
        done = run(["--memory", "16m", "--memory-swap", "16m"], "sh", "-c", "sh -c 'x=0; while :; do x=$x$x; done'; sleep 1")
        equal(done.status, 0, f"the status: {done}")
        host.eventually(lambda: said.read_text().splitlines() == ["on_start", "on_oom", "on_exit"], "all three are called")

    @check("a refusal of the host's Lua is shown by the engine")
    def _():
        host.of_tinylua()
        FOLDER.mkdir(parents=True, exist_ok=True)
        refusal = 'tiny.fail { message = "no containers on a Sunday", hint = "come on Monday" }'
        (FOLDER / "oci.lua").write_text(f"return function() {refusal} end")
        CLEANUPS.append((FOLDER / "oci.lua").unlink)
        done = run([], "true")
        equal(done.status == 0, False, "success")
        matches("no containers on a Sunday", done.err, "the message")

    @check("an annotation that names no recipe is refused")
    def _():
        host.of_tinylua()
        if annotated("a", "b") is None:
            raise Skip("this engine has no annotations")
        for name in ("missing", "../oci", "/etc/passwd"):
            done = run(annotated("org.tinylua.recipe", name), "true")
            equal(done.status == 0, False, "success")
            matches("org.tinylua.recipe", done.err, "the message")
