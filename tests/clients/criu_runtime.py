"""The checks of checkpoint and restore without an engine."""

import array
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import host
import image
from host import CLEANUPS, check, command, equal, eventually, matches

NUMBER = iter(range(1, 1000))
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# It counts in a variable, and writes to a file that it keeps open.
COUNTER = "exec 5>>/tmp/log; n=0; while :; do n=$((n+1)); echo $n >&5; echo $n; sleep 0.1; done"


def oci(*words, **options):
    return command(host.runtime(), *words, **options)


class Container:
    """A container of a bundle of its own, whose output goes to a file."""

    def __init__(self, script, change=lambda config: None, start=True, terminal=False):
        self.id = f"c{next(NUMBER)}"
        self.bundle = host.WORK / self.id
        self.images = host.WORK / f"{self.id}-images"
        self.root = image.rootfs(self.bundle / "rootfs")
        oci("spec", "--bundle", self.bundle)
        path = self.bundle / "config.json"
        config = json.loads(path.read_text())
        config["process"].update(terminal=terminal, args=["sh", "-c", script])
        config["root"]["readonly"] = False
        config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]})
        change(config)
        path.write_text(json.dumps(config))
        self.out = host.WORK / f"{self.id}.out"
        CLEANUPS.append(lambda: oci("delete", "--force", self.id, ok=None))
        if start:
            self.call("run", "--detach", "--bundle", self.bundle, self.id)

    def call(self, *words, ok=0):
        """Runs a command whose container keeps the caller's streams."""
        with open(self.out, "ab") as out:
            status = subprocess.run([host.runtime(), *map(str, words)], stdin=subprocess.DEVNULL, stdout=out, stderr=out).returncode
        equal(status, ok, f"{words}: {self.out.read_text()[-1500:]}")

    def checkpoint(self, *words, **options):
        return oci("checkpoint", "--image-path", self.images, *words, self.id, **options)

    def restore(self, *words, **options):
        self.call("restore", "--detach", "--image-path", self.images, *words, self.id, **options)

    def status(self):
        return json.loads(oci("state", self.id).out)["status"]

    def pid(self):
        return json.loads(oci("state", self.id).out)["pid"]

    def exec(self, *words, **options):
        return oci("exec", self.id, *words, **options).out

    def numbers(self):
        return [int(n) for n in self.out.read_text().split() if n.isdigit()]

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.pid()}/{name}").read_text()


def goes_on(container, before):
    """It has counted without a gap, and counts on."""
    eventually(lambda: len(container.numbers()) > before + 3, "it counts")
    numbers = container.numbers()
    equal(numbers, list(range(1, len(numbers) + 1)), "the numbers")
    eventually(lambda: len(container.exec("cat", "/tmp/log").split()) > before + 3, "the file that it keeps open")


def nothing(name):
    """Nothing is left of a container."""
    oci("state", name, ok=125)
    equal([str(p) for p in CGROUPS.rglob(name)], [], "cgroups")
    equal([line for line in open("/proc/mounts") if f"/{name}/" in line], [], "mounts")
    equal(list(pathlib.Path("/run/tinylua-oci").glob(f"{name}*")), [], "state")


@check("checkpoint stops a container, and restore lets it go on")
def _():
    one = Container(COUNTER)
    eventually(lambda: len(one.numbers()) > 5, "it counts")
    tree = one.exec("ps", "-o", "pid,args")
    one.checkpoint()
    equal(one.status(), "stopped")
    before = len(one.numbers())
    time.sleep(0.5)
    equal(len(one.numbers()), before, "it does not run")
    one.restore("--pid-file", host.WORK / "pid")
    equal(one.status(), "running")
    equal((host.WORK / "pid").read_text(), str(one.pid()), "the pid file")
    goes_on(one, before)
    matches("1 sh -c", tree)
    matches(r"\n\s+1 (\{sh\} )?.*sh -c", one.exec("ps", "-o", "pid,args"), "the processes")
    matches("1: lo: <LOOPBACK,UP", one.exec("ip", "link"), "its network")
    # And once more.
    one.checkpoint()
    before = len(one.numbers())
    one.restore()
    goes_on(one, before)
    oci("kill", one.id, "KILL")
    eventually(lambda: one.status() == "stopped", "it ends")
    oci("delete", one.id)
    nothing(one.id)


@check("a deleted container is restored from its bundle")
def _():
    one = Container(COUNTER)
    eventually(lambda: len(one.numbers()) > 3, "it counts")
    one.checkpoint()
    oci("delete", one.id)
    before = len(one.numbers())
    one.restore("--bundle", one.bundle)
    goes_on(one, before)


@check("checkpoint --leave-running; restore of a running container is refused")
def _():
    one = Container(COUNTER)
    one.checkpoint("--leave-running")
    before = len(one.numbers())
    equal(one.status(), "running")
    goes_on(one, before)
    one.restore(ok=125)
    matches("cannot restore.*it is running", one.out.read_text())


@check("checkpoint --pre-dump, then --parent-path")
def _():
    one = Container(COUNTER)
    oci("checkpoint", "--image-path", one.images / "first", "--pre-dump", one.id)
    equal(one.status(), "running")
    oci("checkpoint", "--image-path", one.images / "second", "--parent-path", "../first", one.id)
    before = len(one.numbers())
    one.call("restore", "--detach", "--image-path", one.images / "second", one.id)
    goes_on(one, before)
    oci("checkpoint", "--image-path", one.images / "third", "--parent-path", one.images / "first", one.id, ok=2)


@check("a paused container, and --work-path")
def _():
    one = Container(COUNTER)
    oci("pause", one.id)
    one.checkpoint("--work-path", host.WORK / "logs")
    equal(one.status(), "stopped")
    matches("Dumping finished successfully", (host.WORK / "logs/dump.log").read_text(errors="replace"))
    before = len(one.numbers())
    one.restore("--work-path", host.WORK / "logs")
    equal(one.status(), "running")
    goes_on(one, before)


def confined(config):
    config["root"]["readonly"] = True
    config["process"]["noNewPrivileges"] = True
    config["mounts"].append({"destination": "/bound", "type": "bind", "source": "/etc", "options": ["rbind", "ro", "nosuid", "noexec"]})
    config["mounts"].append({"destination": "/again", "type": "bind", "source": "/etc", "options": ["rbind", "ro", "nodev"]})
    config["mounts"].append({"destination": "/etc/passwd", "type": "bind", "source": "/etc/passwd", "options": ["bind"]})
    config["linux"]["resources"]["memory"] = {"limit": 64 << 20}
    config["linux"]["resources"]["pids"] = {"limit": 30}
    config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mknod", "mknodat"], "action": "SCMP_ACT_ERRNO"}]}


def confinement(one):
    wanted = ("Cap", "NoNewPrivs", "Seccomp", "Uid", "Gid", "Groups")
    status = [line for line in one.proc("status").splitlines() if line.startswith(wanted)]
    mounts = sorted((fields[4], fields[5]) for fields in (line.split() for line in one.proc("mountinfo").splitlines()))
    limits = [(CGROUPS / "tinylua-oci" / one.id / name).read_text() for name in ("memory.max", "pids.max")]
    return {"status": status, "mounts": mounts, "limits": limits, "rlimits": one.proc("limits"), "score": one.proc("oom_score_adj"),
            "host name": one.exec("hostname"), "filter": one.exec("mknod", "/tmp/x", "p", ok=1)}


@check("a restored container is as confined as it was")
def _():
    one = Container(COUNTER, confined)
    before = confinement(one)
    one.checkpoint()
    oci("delete", one.id)
    one.restore("--bundle", one.bundle)
    for name, value in confinement(one).items():
        equal(value, before[name], name)
    for path in ("/bound/x", "/again/x", "/x"):
        one.exec("touch", path, ok=1)
    keys = [one.exec("sh", "-c", "readlink /proc/self/ns/time; readlink /proc/1/ns/time").split()]
    equal(keys[0][0], keys[0][1], "the time namespace of exec")


@check("hooks, and an existing network namespace")
def _():
    seen = host.WORK / "seen"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"cat >> {seen}; echo >> {seen}"]}

    def change(config):
        config["hooks"] = {"prestart": [hook], "createRuntime": [hook]}

    one = Container(COUNTER, change)
    one.checkpoint()
    seen.unlink()
    one.restore()
    states = [json.loads(line) for line in seen.read_text().splitlines()]
    equal([s["pid"] for s in states], [one.pid()] * 2, "the hooks")

    command("ip", "netns", "add", "given")
    CLEANUPS.append(lambda: command("ip", "netns", "del", "given"))

    def given(config):
        for space in config["linux"]["namespaces"]:
            if space["type"] == "network":
                space["path"] = "/run/netns/given"

    other = Container(COUNTER, given)
    inode = os.stat("/run/netns/given").st_ino
    other.checkpoint()
    before = len(other.numbers())
    other.restore()
    equal(os.stat(f"/proc/{other.pid()}/ns/net").st_ino, inode, "the network namespace")
    goes_on(other, before)


def receive(path):
    """A console socket: returns a function that waits for the terminal."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def master():
        server.settimeout(60)
        connection, _ = server.accept()
        _, found, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        return array.array("i", found[0][2])[0]

    return master


@check("a terminal")
def _():
    one = Container("while read line; do n=$((n+1)); echo \"$n got $line\"; done", start=False, terminal=True)
    first, second = receive(host.WORK / "first.sock"), receive(host.WORK / "second.sock")
    oci("run", "--detach", "--bundle", one.bundle, "--console-socket", host.WORK / "first.sock", one.id)
    terminal = first()
    os.write(terminal, b"one\n")
    eventually(lambda: b"1 got one" in os.read(terminal, 4096), "the first answer")
    one.checkpoint()
    os.close(terminal)
    oci("restore", "--detach", "--image-path", one.images, "--console-socket", host.WORK / "second.sock", one.id)
    terminal = second()
    os.write(terminal, b"two\n")
    eventually(lambda: b"2 got two" in os.read(terminal, 4096), "the second answer")
    os.close(terminal)


@check("restore in the foreground: the status of the program")
def _():
    one = Container("n=0; while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 7")
    one.checkpoint()
    process = subprocess.Popen([host.runtime(), "restore", "--image-path", one.images, one.id])
    eventually(lambda: one.status() == "running", "it runs")
    one.exec("touch", "/tmp/end")
    equal(process.wait(30), 7, "the status")
    nothing(one.id)


@check("a checkpoint that fails leaves the container running, and says why")
def _():
    one = Container("sleep 900 | nc -l -p 7 & sleep 2; sleep 900 | nc 127.0.0.1 7 & " + COUNTER)
    eventually(lambda: "ESTABLISHED" in one.exec("netstat", "-tn"), "the connection")
    failed = one.checkpoint(ok=1)
    matches("cannot checkpoint container.*: criu: .*[Cc]onnected TCP socket.*hint: its whole log is", failed.err)
    equal(one.status(), "running")
    before = len(one.numbers())
    goes_on(one, before)
    one.checkpoint("--tcp-established")
    before = len(one.numbers())
    one.restore("--tcp-established")
    goes_on(one, before)


@check("a restore that fails leaves nothing, and says why")
def _():
    one = Container(COUNTER)
    one.checkpoint()
    oci("delete", one.id)
    (one.images / "mm-1.img").write_bytes(b"damaged")
    one.restore("--bundle", one.bundle, ok=1)
    matches("cannot restore container.*: criu: ", one.out.read_text())
    nothing(one.id)
    shutil.rmtree(one.images)
    one.restore("--bundle", one.bundle, ok=125)
    matches("there is no checkpoint", one.out.read_text())
    nothing(one.id)


@check("a runtime that is killed during a restore: delete cleans up")
def _():
    one = Container(COUNTER)
    one.checkpoint()
    for delay in (0.1, 0.3, 0.6, 0.9, 1.2, 1.6):
        oci("delete", "--force", one.id)
        process = subprocess.Popen([host.runtime(), "restore", "--detach", "--image-path", one.images, "--bundle", one.bundle, one.id],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
        oci("delete", "--force", one.id)
        nothing(one.id)
        eventually(lambda: command("pgrep", "-x", "criu", ok=None).status == 1, "criu has ended")
    one.restore("--bundle", one.bundle)
    eventually(lambda: one.status() == "running", "it is restored")
