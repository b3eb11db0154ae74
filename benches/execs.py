"""`exec` of true in a running container, compared with crun and runc: each runtime starts its own container, confined
alike (hardened.py), whose program sleeps; then only exec is timed."""

import json
import pathlib
import subprocess
import time

import hardened
import sides

NAME = "tinylua-bench-exec"
SLEEP = ("/bin/sleep", "1000")


class Running:
    """A container that sleeps, made by one runtime; `exec` is the command that is timed."""

    def __init__(self, name, begin, enter, end, note):
        self.name, self.begin, self.enter, self.end, self.note = name, begin, enter, end, note

    def side(self):
        return sides.Side(self.name, lambda *program: self.enter + list(program), self.note)

    def start(self):
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(self.begin, check=True, **quiet)

    def stop(self):
        subprocess.run(self.end, check=False, capture_output=True)


def of_tinylua(binary, name, rootfs, state):
    command = [binary, "--root", str(state / name.replace(" ", "-"))]
    run = ["run", "-d", "--name", NAME, f"--rootfs={rootfs}", *SLEEP]
    return Running(name, command + run, command + ["exec", NAME], command + ["rm", "-f", NAME], "output relayed through pipes")


def of_oci(runtime, rootfs, folder, state, filter_):
    command = [sides.installed(runtime, folder), "--root", str(state / (runtime + "-exec"))]
    begin = command + ["run", "--detach", "--bundle", hardened.bundle(folder, rootfs, SLEEP, filter_), f"{NAME}-{runtime}"]
    return Running(runtime, begin, command + ["exec", f"{NAME}-{runtime}"], command + ["delete", "--force", f"{NAME}-{runtime}"],
                   "the caller's own descriptors")


def measure(options, folder, measured):
    """Rows of { side, samples }, from interleaved rounds."""
    rootfs, state = sides.make_rootfs(folder), pathlib.Path(folder) / "state"
    binary = sides.installed(options.tinylua, folder)
    profile = subprocess.run([binary, "run", str(sides.HERE / "profile.lua")], check=True, capture_output=True, text=True)
    running = [of_tinylua(binary, "tinylua exec", rootfs, state)]
    if options.before:
        running.append(of_tinylua(sides.installed(options.before, folder), "tinylua exec, before", rootfs, state))
    running += [of_oci(runtime, rootfs, folder, state, json.loads(profile.stdout)) for runtime in ("crun", "runc")]
    started, skipped = [], {}
    try:
        for container in running:
            container.start()
            started.append(container)
            reason = container.side().problem()
            if reason:
                skipped[container.name] = reason
        timed = [container.side() for container in started if container.name not in skipped]
        time.sleep(0.5)
        return timed, measured([side.command("/bin/true") for side in timed]), skipped
    finally:
        for container in started:
            container.stop()
