"""podman for the scripts of this folder: the checks that every user can run."""

import json
import os
import pathlib
import time

import host
import image
from host import CLEANUPS, Skip, Terminal, check, command, equal, eventually, matches

# Its packages: what they install, and their names.
PACKAGES = {"podman": "podman", "runc": "runc", "conmon": "conmon", "busybox": "busybox-static", "catatonit": "catatonit",
            "/usr/lib/podman/netavark": "netavark", "iptables": "iptables"}

# The user who runs podman: the words before "podman", and their environment; options of create and run.
AS, ENV, OPTIONS = [], None, []
IMAGE = "localhost/busybox:latest"
NUMBER = iter(range(1, 1000))


def load():
    root = image.rootfs(host.WORK / "rootfs")
    archive = image.archive(host.WORK / "busybox.tar", IMAGE, image.layer(root))
    archive.chmod(0o644)
    podman("load", "-q", "-i", archive)


def podman(*words, **options):
    return command(*AS, "podman", *words, env=ENV, **options)


def run(*words, **options):
    """`podman run --rm` in the foreground."""
    return podman("run", "--rm", *OPTIONS, *words, **options)


def detached(*words):
    """The name of a detached container, which is removed after the check."""
    name = f"c{next(NUMBER)}"
    CLEANUPS.append(lambda: podman("rm", "-f", "-t", "0", name, ok=None))
    podman("run", "-d", "--name", name, *OPTIONS, *words)
    return name


def looked(name, template):
    return podman("inspect", "--format", template, name).text


def pid(name):
    return int(looked(name, "{{.State.Pid}}"))


def terminal(*words):
    return Terminal(*AS, "podman", *words, env=ENV)


# --- Life cycle ---

@check("the runtime under test is used")
def _():
    name = detached(IMAGE, "sleep", "100")
    equal(looked(name, "{{.OCIRuntime}}"), "tested", "the container's runtime")
    equal(podman("info", "--format", "{{.Host.OCIRuntime.Path}}").text, host.runtime(), "its path")


@check("podman --runtime PATH")
def _():
    equal(podman("--runtime", host.runtime(), "run", "--rm", *OPTIONS, IMAGE, "echo", "out").out, "out\n", "the output")


@check("run: output, error output and status")
def _():
    done = run(IMAGE, "sh", "-c", "echo out; echo err >&2; exit 3", ok=3)
    equal((done.out, done.err), ("out\n", "err\n"), "the output")


@check("run -i reads the standard input")
def _():
    equal(run("-i", IMAGE, "cat", stdin="some\nlines\n").out, "some\nlines\n", "the output")


@check("run -it: a terminal, its size and a resize")
def _():
    person = terminal("run", "--rm", "-it", *OPTIONS, IMAGE, "sh")
    person.sees("# ")
    person.type("tty; stty size; id -u\n")
    person.sees("/dev/pts/0.*24 80.*0\r")
    person.resize(30, 100)
    person.type("sleep 1; stty size\n")
    person.sees("30 100")
    person.type("exit 5\n")
    equal(person.leaves(), 5, "the status")


@check("run -it: Control-C reaches the program")
def _():
    person = terminal("run", "--rm", "-it", *OPTIONS, IMAGE, "sh", "-c",
                      "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done")
    person.sees("ready")
    person.type("\x03")
    person.sees("caught")
    equal(person.leaves(), 9, "the status")


@check("run: statuses 0, 1, 125, 126, 127 and 137")
def _():
    equal(run(IMAGE, "true").status, 0)
    run(IMAGE, "false", ok=1)
    run("--no-such-option", IMAGE, "true", ok=125)
    run(IMAGE, "/etc/passwd", ok=126)
    run(IMAGE, "/no/such/program", ok=127)
    run(IMAGE, "no-such-program", ok=127)
    person = terminal("run", "--rm", "--name", "killed", *OPTIONS, IMAGE, "sh", "-c", "echo ready; exec sleep 100")
    person.sees("ready")
    podman("kill", "killed")
    equal(person.leaves(), 137, "the status of a killed container")


@check("run: the runtime's error is shown")
def _():
    matches("no-such-program", run(IMAGE, "no-such-program", ok=127).err, "the error")
    matches("/no/such/program", run(IMAGE, "/no/such/program", ok=127).err, "the error")
    matches("(?i)denied.*|.*/etc/passwd", run(IMAGE, "/etc/passwd", ok=126).err, "the error")


@check("create, init, start, wait, rm")
def _():
    name = f"c{next(NUMBER)}"
    CLEANUPS.append(lambda: podman("rm", "-f", "-t", "0", name, ok=None))
    podman("create", "--name", name, *OPTIONS, IMAGE, "sh", "-c", "echo started; exit 4")
    equal(looked(name, "{{.State.Status}}"), "created")
    podman("init", name)
    equal(looked(name, "{{.State.Status}}"), "initialized")
    equal(podman("logs", name).out, "", "the output before the start")
    podman("start", name)
    equal(podman("wait", name).text, "4", "the status")
    equal(podman("logs", name).text, "started", "the output")
    podman("rm", name)
    podman("inspect", name, ok=125)


@check("exec: output, status, user, folder and environment")
def _():
    name = detached(IMAGE, "sleep", "100")
    equal(podman("exec", name, "sh", "-c", "echo out; echo err >&2; exit 6", ok=6).out, "out\n")
    done = podman("exec", "--user", "user", "--workdir", "/tmp", "--env", "X=y z", name, "sh", "-c", "id -un; pwd; echo $X")
    equal(done.out, "user\n/tmp\ny z\n")
    equal(podman("exec", "-i", name, "cat", stdin="input").out, "input")
    podman("exec", name, "/etc/passwd", ok=126)
    matches("no-such-program", podman("exec", name, "no-such-program", ok=127).err, "the error")


@check("exec -d")
def _():
    name = detached(IMAGE, "sleep", "100")
    podman("exec", "-d", name, "sh", "-c", "echo done > /tmp/made")
    eventually(lambda: podman("exec", name, "cat", "/tmp/made", ok=None).text == "done", "the file is made")


@check("exec -it: a terminal of its own")
def _():
    name = detached(IMAGE, "sleep", "100")
    person = terminal("exec", "-it", name, "sh")
    person.sees("# ")
    person.type("tty; stty size\n")
    person.sees("/dev/pts/0.*24 80")
    person.type("exit 7\n")
    equal(person.leaves(), 7, "the status")


@check("attach to a terminal, and detach")
def _():
    name = detached("-it", IMAGE, "sh")
    person = terminal("attach", name)
    person.type("echo a$((40+2))b\n")
    person.sees("a42b")
    # podman recognizes the keys one by one.
    for key in "\x10\x11":
        time.sleep(0.3)
        person.type(key)
    equal(person.leaves(), 0, "the status")
    equal(looked(name, "{{.State.Status}}"), "running")


@check("stop: SIGTERM, then SIGKILL")
def _():
    polite = detached(IMAGE, "sh", "-c", "trap 'exit 11' TERM; touch /ready; while :; do sleep 0.1; done")
    eventually(lambda: podman("exec", polite, "test", "-e", "/ready", ok=None).status == 0, "the trap is set")
    podman("stop", "-t", "20", polite)
    equal(looked(polite, "{{.State.ExitCode}}"), "11", "the status")
    deaf = detached(IMAGE, "sleep", "100")
    podman("stop", "-t", "1", deaf)
    equal(looked(deaf, "{{.State.ExitCode}}"), "137", "the status")


@check("kill: a signal of choice")
def _():
    name = detached(IMAGE, "sh", "-c", "trap 'echo usr1' USR1; echo ready; while :; do sleep 0.1; done")
    eventually(lambda: "ready" in podman("logs", name).out, "the trap is set")
    podman("kill", "-s", "USR1", name)
    eventually(lambda: "usr1" in podman("logs", name).out, "the signal arrives")
    podman("kill", name)
    equal(podman("wait", name).text, "137", "the status")


@check("restart and rm -f")
def _():
    name = detached(IMAGE, "sleep", "100")
    before = pid(name)
    podman("restart", "-t", "0", name)
    if pid(name) == before:
        raise host.Wrong("the container has the same process")
    podman("rm", "-f", "-t", "0", name)
    eventually(lambda: not pathlib.Path(f"/proc/{before}").exists(), "the process is gone")


@check("logs, top, ps, stats, diff and cp")
def _():
    name = detached(IMAGE, "sh", "-c", "echo one; echo two; exec sleep 100")
    eventually(lambda: podman("logs", name).out == "one\ntwo\n", "the output is logged")
    matches("sleep 100", podman("top", name, "pid", "args").out, "the processes")
    matches(f"Up .*{name}", podman("ps").out, "the list")
    podman("exec", name, "sh", "-c", "echo inside > /tmp/file")
    matches("A /tmp/file", podman("diff", name).out, "the changes")
    target = host.WORK / f"copied{next(NUMBER)}"
    target.mkdir()
    target.chmod(0o777)
    podman("cp", f"{name}:/tmp/file", target / "file")
    equal((target / "file").read_text(), "inside\n", "the copied file")
    podman("cp", target / "file", f"{name}:/tmp/back")
    equal(podman("exec", name, "cat", "/tmp/back").text, "inside", "the file that is copied back")


@check("inspect: state, pid and mounts")
def _():
    name = detached("-v", "/usr/share:/data:ro", IMAGE, "sleep", "100")
    found = json.loads(podman("inspect", name).out)[0]
    equal(found["State"]["Status"], "running")
    matches("sleep", pathlib.Path(f"/proc/{found['State']['Pid']}/cmdline").read_text(), "the process")
    equal([(m["Destination"], m["RW"]) for m in found["Mounts"]], [("/data", False)])


@check("a health check")
def _():
    name = detached("--health-cmd", "test -e /tmp/well", "--health-interval", "disable", "--health-retries", "1", IMAGE, "sleep", "100")
    podman("healthcheck", "run", name, ok=1)
    podman("exec", name, "touch", "/tmp/well")
    podman("healthcheck", "run", name)
    equal(looked(name, "{{.State.Health.Status}}"), "healthy")


# --- Settings ---

@check("--user, --group-add, --workdir, --env, --hostname, --umask")
def _():
    done = run("--user", "user", "--group-add", "2000", "--workdir", "/tmp", "--env", "A=b c", "--hostname", "named", "--umask", "0027",
               IMAGE,
               "sh", "-c", "id -un; id -G; pwd; echo $A; hostname; umask")
    equal(done.out, "user\n1000 2000\n/tmp\nb c\nnamed\n0027\n")


@check("--read-only and --tmpfs")
def _():
    done = run("--read-only", "--read-only-tmpfs=false", "--tmpfs", "/mine:size=1m,mode=700", IMAGE, "sh", "-c",
               "touch /file; touch /mine/file && stat -c %a /mine; grep ' /mine ' /proc/mounts")
    matches("Read-only file system", done.err, "the root file system")
    matches("700\n.*size=1024k", done.out, "the tmpfs")


@check("-v: read-write, read-only, a volume and --mount")
def _():
    folder = host.WORK / f"shared{next(NUMBER)}"
    folder.mkdir()
    folder.chmod(0o777)
    done = run("-v", f"{folder}:/rw", "-v", f"{folder}:/ro:ro", "-v", "vol:/vol", "--mount",
               "type=bind,source=/usr/share,target=/m,readonly", IMAGE,
               "sh", "-c", "echo made > /rw/file; cat /ro/file; touch /ro/x; touch /m/x; echo kept > /vol/file")
    equal(done.out, "made\n", "the shared file")
    matches("/ro/x: Read-only.*/m/x: Read-only", done.err, "the read-only mounts")
    equal(run("-v", "vol:/vol", IMAGE, "cat", "/vol/file").text, "kept")
    podman("volume", "rm", "vol")


@check("--cap-drop, --cap-add and --privileged=false")
def _():
    status = lambda *words: matches("CapEff:\t([0-9a-f]+)", run(*words, IMAGE, "cat", "/proc/self/status").out)[1]
    equal(int(status("--cap-drop", "all"), 16), 0, "no capabilities")
    equal(int(status("--cap-drop", "all", "--cap-add", "net_bind_service,kill"), 16), 1 << 10 | 1 << 5, "two capabilities")
    run("--cap-drop", "chown", IMAGE, "chown", "user", "/tmp", ok=1)


@check("--security-opt seccomp=FILE, seccomp=unconfined and no-new-privileges")
def _():
    profile = host.WORK / "seccomp.json"
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    profile.chmod(0o644)
    matches("(?i)not supported", run("--security-opt", f"seccomp={profile}", IMAGE, "mkdir", "/tmp/x", ok=1).err,
            "the errno of the profile")
    words = ["--security-opt", "seccomp=unconfined", "--security-opt", "no-new-privileges"]
    matches("NoNewPrivs:\t1.*Seccomp:\t0", run(*words, IMAGE, "cat", "/proc/self/status").out, "the status")
    matches("Seccomp:\t2", run(IMAGE, "cat", "/proc/self/status").out, "the default profile")


@check("--ulimit, and one that may not be raised")
def _():
    equal(run("--ulimit", "nofile=100:200", "--ulimit", "nproc=1024:4096", IMAGE, "sh", "-c", "ulimit -Sn; ulimit -Hn").out, "100\n200\n")
    if int(matches("CapEff:\t([0-9a-f]+)", pathlib.Path("/proc/self/status").read_text())[1], 16) >> 24 & 1:
        raise Skip("with CAP_SYS_RESOURCE every limit may be raised")
    matches("(?i)rlimit|nofile", run("--ulimit", "nofile=900000:900000", "--ulimit", "nproc=1024:4096", IMAGE, "true", ok=None).err,
            "the error")


@check("--init")
def _():
    matches("catatonit|podman-init|init", run("--init", IMAGE, "ps", "-o", "pid,comm").out.splitlines()[1], "process 1")


@check("--preserve-fds")
def _():
    script = 'exec 3< /etc/hostname; exec podman run --rm --preserve-fds 1 "$@" sh -c "cat <&3"'
    equal(command(*AS, "sh", "-c", script, "sh", *OPTIONS, IMAGE, env=ENV).out, pathlib.Path("/etc/hostname").read_text())


@check("a container sees no other descriptors")
def _():
    script = "for n in $(seq 3 64); do [ ! -e /proc/$$/fd/$n ] || readlink /proc/$$/fd/$n; done"
    equal(run(IMAGE, "sh", "-c", script).text, "", "descriptors after 2")


@check("--pid container:, --ipc container:, --uts and --network container:")
def _():
    name = detached("--hostname", "shared", IMAGE, "sleep", "123")
    matches("sleep 123", run("--pid", f"container:{name}", IMAGE, "ps").out, "the processes")
    links = lambda kind: os.readlink(f"/proc/{pid(name)}/ns/{kind}")
    wanted = [links("net"), links("ipc")]
    got = [run("--network", f"container:{name}", IMAGE, "readlink", "/proc/self/ns/net").text,
           run("--ipc", f"container:{name}", IMAGE, "readlink", "/proc/self/ns/ipc").text]
    equal(got, wanted, "the namespaces")


@check("--pid host")
def _():
    equal(run("--pid", "host", IMAGE, "readlink", "/proc/self/ns/pid").text, os.readlink("/proc/self/ns/pid"))


@check("--network none has only a loopback")
def _():
    equal(run("--network", "none", IMAGE, "ls", "/sys/class/net").text, "lo")


@check("masked and read-only paths of /proc")
def _():
    equal(run(IMAGE, "sh", "-c", "wc -c < /proc/kcore; ls /proc/acpi /proc/scsi 2>/dev/null | grep -c ^[a-z]", ok=None).out.split()[0], "0")
    matches("Read-only", run(IMAGE, "sh", "-c", "echo 1 > /proc/sys/kernel/panic", ok=1).err)


@check("two commands on many containers at once")
def _():
    names = [f"many{n}" for n in range(6)]
    CLEANUPS.append(lambda: podman("rm", "-f", "-t", "0", *names, ok=None))
    script = "for n in 0 1 2 3 4 5; do podman run -d --name many$n \"$@\" & done; wait"
    command(*AS, "sh", "-c", script, "sh", *OPTIONS, IMAGE, "sleep", "100", env=ENV)
    for name in names:
        equal(looked(name, "{{.State.Status}}"), "running", name)
    podman("rm", "-f", "-t", "0", *names)
    equal(podman("ps", "-aq").text, "", "what is left")
