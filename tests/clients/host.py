"""What the scripts of clients share: packages, a private host, checks and their report, and a terminal.

A script registers its checks with @check("NAME") and calls main(). On the machine, main installs packages and starts
the script again in a private host, made by the harness of the tests (tests/host). There it runs the checks in order."""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path("/tmp/client")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 60

CHECKS = []
CLEANUPS = []


class Skip(Exception):
    """A check that cannot run here, with the reason."""


class Wrong(Exception):
    """A check that failed."""


def check(name):
    """Registers a function as the check `name`."""

    def register(function):
        CHECKS.append((name, function))
        return function

    return register


# --- Commands ---

class Result:
    """What a command printed, and its status."""

    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    @property
    def text(self):
        return self.out.strip()

    def __str__(self):
        return f"{' '.join(map(str, self.argv))}: status {self.status}\n{self.out}{self.err}"


def command(*argv, ok=True, stdin=None, env=None, cwd=None, seconds=SECONDS):
    """Runs a command. ok: True if it must succeed, a number for an expected status, None for any."""
    argv = [str(word) for word in argv]
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    # A process that outlives the command must not keep a pipe open, so its output goes to files.
    with open(WORK / "out", "w+", errors="replace") as out, open(WORK / "err", "w+", errors="replace") as err:
        try:
            done = subprocess.run(argv, stdout=out, stderr=err, text=True, env=env, cwd=cwd, timeout=seconds, **given)
        except subprocess.TimeoutExpired:
            done = None
        out.seek(0), err.seek(0)
        result = Result(argv, done.returncode if done else f"none in {seconds} s", out.read(), err.read())
    wanted = 0 if ok is True else ok
    if done is None or (wanted is not None and result.status != wanted):
        raise Wrong(f"expected status {wanted}: {result}")
    return result


def equal(got, wanted, what=""):
    if got != wanted:
        raise Wrong(f"{what}: {got!r} instead of {wanted!r}")


def matches(pattern, text, what=""):
    found = re.search(pattern, str(text), re.S)
    if not found:
        raise Wrong(f"{what}: no {pattern!r} in {str(text)!r}")
    return found


def eventually(function, what, seconds=20):
    """Waits until `function` returns a true value, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            value, error = function(), None
        except (Wrong, OSError, KeyError) as e:
            value, error = None, e
        if value:
            return value
        if time.monotonic() > deadline:
            raise Wrong(f"in {seconds} s, this has not become true: {what} {error or ''}")
        time.sleep(0.05)


def limit_file(pid, controller, v1, v2):
    """The content of a cgroup file of a process, from whichever version has the controller."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return (pathlib.Path(f"/sys/fs/cgroup/{controller}{path}") / v1).read_text().strip()
        if not names and not (pathlib.Path("/sys/fs/cgroup") / controller).exists():
            return (pathlib.Path(f"/sys/fs/cgroup{path}") / v2).read_text().strip()
    raise Wrong(f"the {controller} controller of process {pid} is nowhere")


class Terminal:
    """A program on a new terminal of 24 rows and 80 columns, and a person who types."""

    def __init__(self, *argv, env=None):
        self.argv, self.shown = [str(word) for word in argv], ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(self.argv[0], self.argv, env or os.environ)
        self.resize(24, 80)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, rows.to_bytes(2, "little") + columns.to_bytes(2, "little") + bytes(4))

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return None
        try:
            return os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            return ""

    def sees(self, pattern, seconds=30):
        """Waits until the pattern appears after the last match, which is returned."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.shown, re.S)
            if found:
                self.shown = self.shown[found.end():]
                return found
            more = self.read(max(0, deadline - time.monotonic()))
            if not more:
                raise Wrong(f"{' '.join(self.argv)}: no {pattern!r} in {self.shown!r}")
            self.shown += more

    def leaves(self, seconds=30):
        """Waits for the end of the program; returns its status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            self.shown += self.read(0.05) or ""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise Wrong(f"{' '.join(self.argv)} does not end; it has shown {self.shown!r}")


@contextlib.contextmanager
def daemon(*argv, ready, log, env=None, seconds=60):
    """A daemon of the private host, while it is needed."""
    with open(log, "wb") as out:
        process = subprocess.Popen([str(w) for w in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)
    try:
        eventually(lambda: process.poll() is not None or ready(), f"{argv[0]} is ready", seconds)
        if process.poll() is not None:
            raise Wrong(f"{argv[0]} has ended: {pathlib.Path(log).read_text()[-2000:]}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


# --- In the private host ---

def prepare():
    """These directories are the machine's: what is written there goes to memory."""
    WORK.mkdir()
    for path in ("/etc", "/root", "/opt", "/var/log"):
        over = WORK / f"over{path}"
        for name in ("upper", "work"):
            (over / name).mkdir(parents=True)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={path},upperdir={over}/upper,workdir={over}/work", path], check=True)
    # In cgroup v2 a cgroup with processes cannot enable controllers for its children (cgroups(7)).
    top = pathlib.Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists() and not (top / "init").exists():
        (top / "init").mkdir()
        for pid in (top / "cgroup.procs").read_text().split():
            (top / "init/cgroup.procs").write_text(pid)
    # Loopback is what a private host has; engines look for other links' servers in vain.
    pathlib.Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n")


def run_checks(client, wanted, setup):
    counts = {"ok": 0, "not ok": 0, "skipped": 0}
    with contextlib.ExitStack() as stack:
        setup(stack)
        for name, function in CHECKS:
            if wanted and not any(word in name for word in wanted):
                continue
            began, why, verdict = time.monotonic(), "", "ok"
            try:
                function()
            except Skip as e:
                verdict, why = "skipped", f": {e}"
            except Exception as e:
                verdict, why = "not ok", "\n" + "".join(f"    {line}\n" for line in (str(e) or repr(e)).splitlines())
            for cleanup in reversed(CLEANUPS):
                with contextlib.suppress(Exception):
                    cleanup()
            CLEANUPS.clear()
            counts[verdict] += 1
            print(f"{verdict} {name}{why.rstrip()}", flush=True)
            if os.environ.get("CLIENT_TIMES"):
                print(f"    {time.monotonic() - began:.2f} s", flush=True)
    print(f"{client}: {counts['ok']} ok, {counts['not ok']} not ok, {counts['skipped']} skipped", flush=True)
    return 1 if counts["not ok"] or not counts["ok"] else 0


# --- On the machine ---

def install(packages):
    """Installs Debian packages that are missing: { command or file: package }."""
    missing = [p for what, p in packages.items() if not (shutil.which(what, path=PATH) or pathlib.Path(what).exists())]
    if not missing:
        return
    print(f"installing {' '.join(missing)}", flush=True)
    apt = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    if subprocess.run(apt, **quiet).returncode != 0:
        subprocess.run(["apt-get", "update", "-q"], **quiet)
        subprocess.run(apt, **quiet)


def unpack(name, *packages):
    """Unpacks Debian packages that would start a service if they were installed; returns the folder, which the private host sees."""
    folder = REPOSITORY / "target/clients" / name
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"unpacking {' '.join(packages)}", flush=True)
    quiet = {"cwd": folder, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    get = ["apt-get", "download", "-q", *packages]
    if subprocess.run(get, **quiet, stderr=subprocess.DEVNULL).returncode != 0:
        subprocess.run(["apt-get", "update", "-q"], **quiet)
        subprocess.run(get, **quiet, check=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        package.unlink()
    (folder / "complete").touch()
    return folder


def harness():
    """The test binary that makes private hosts, and the program that it tests."""
    if os.environ.get("TINYLUA_HARNESS"):
        return os.environ["TINYLUA_HARNESS"], None
    built = subprocess.run(["cargo", "test", "-q", "--no-run", "--test", "lua", "--message-format=json-render-diagnostics"], cwd=REPOSITORY,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    made = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
    test = next((path for path in made if path and "/deps/lua-" in path), None)
    program = test and pathlib.Path(test).parents[1] / "tinylua"
    if not test or not program.exists():
        sys.exit(f"{sys.argv[0]}: the tests do not build")
    return test, program


def machine():
    """What a client could leave behind."""
    found = {line.split(" ", 3)[3] for line in open("/proc/self/mountinfo")}
    found |= {f"link {name}" for name in os.listdir("/sys/class/net")}
    # Those of other private hosts come and go, and other programs of the machine have theirs further down.
    found |= {str(p) for depth in ("*/", "*/*/") for p in pathlib.Path("/sys/fs/cgroup").glob(depth) if not p.name.startswith("tinylua-")}
    for top in ("/run", "/var/lib", "/opt", "/etc", "/root", "/var/log"):
        for folder in (top, *(p for p in pathlib.Path(top).glob("*/") if not p.is_symlink())):
            with contextlib.suppress(OSError):
                found |= {f"{folder}/{name}" for name in os.listdir(folder)}
    return found


def main(packages, setup=lambda stack: None, download=None):
    """packages: for install. setup: prepares the private host; what it pushes on the stack ends with it. download: for unpack."""
    client = pathlib.Path(sys.argv[0]).name
    parser = argparse.ArgumentParser(prog=client, description=f"Drives {client} with tinylua-oci in a private host.")
    parser.add_argument("--runtime", help="another runtime: a program's path")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("check", nargs="*", help="only the checks whose names contain one of these words")
    given = parser.parse_args()
    if given.inside:
        os.environ["TINYLUA_OCI"] = given.inside
        prepare()
        sys.exit(run_checks(client, given.check, setup))
    if os.geteuid() != 0:
        print(f"skipped {client}: a private host needs root")
        sys.exit(77)
    install(packages)
    if download:
        download()
    test, program = harness()
    runtime = given.runtime or os.environ.get("TINYLUA_OCI") or program
    if not runtime:
        sys.exit(f"{sys.argv[0]}: TINYLUA_HARNESS is set, so TINYLUA_OCI or --runtime must name the runtime")
    runtime = shutil.which(runtime, path=PATH) or os.path.abspath(runtime)
    before = machine()
    os.environ.setdefault("TINYLUA_TEST_TIMEOUT", "900")
    os.environ.update(PATH=PATH, HOME="/tmp", TMPDIR="/tmp", LC_ALL="C.UTF-8")
    name = f"tinylua-client-{client}-{os.getpid()}"
    status = subprocess.run([test, "--private-host", name, sys.executable, "-B", os.path.abspath(sys.argv[0]),
                             "--inside", runtime, *given.check]).returncode
    left = sorted(machine() - before)
    print(f"left on the machine: {'; '.join(left) or 'nothing'}")
    sys.exit(status or (1 if left else 0))


def runtime():
    """The runtime under test. The program of tinylua is called by its other name, from where every user can start it."""
    given = pathlib.Path(os.environ["TINYLUA_OCI"])
    if given.name != "tinylua":
        return str(given)
    named = WORK / "bin/tinylua-oci"
    if not named.exists():
        named.parent.mkdir()
        shutil.copy(given, named)
    return str(named)


def of_tinylua():
    """The runtime, if it is tinylua's; a check of what only that has is skipped otherwise."""
    if not command(runtime(), "--version").out.startswith("tinylua"):
        raise Skip(f"{runtime()} is not programmable")
    return runtime()


def nothing_left(*patterns):
    """Fails unless the runtime has no process any more, and no state in these folders or in its own."""
    name = pathlib.Path(runtime()).name

    def left():
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if pathlib.Path(words[0].decode(errors="replace").split(":")[0]).name == name:
                    found.append(b" ".join(words).decode(errors="replace"))
        for pattern in (f"run/{name}/*", f"run/user/*/{name}/*", *patterns):
            found += [str(path) for path in pathlib.Path("/").glob(pattern) if path.is_dir()]
        return found

    eventually(lambda: not left(), f"nothing is left of {name}: {left()}")
