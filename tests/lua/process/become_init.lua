-- become_init: a PID 1 that forwards signals, reaps orphans, and exits with the status of its child.
local check = require "check"

-- Runs f as PID 1; returns its exit status.
local function as_init(f)
  local child <close> = tiny.clone({ pid = true, mount = true }, function()
    tiny.mount_private("/")
    tiny.mount_proc("/proc")
    f()
  end)
  return (child:wait())
end

local function run(script)
  return as_init(function()
    tiny.signals { "SIGTERM", "SIGCHLD" }
    local wiped, open = tiny.pipe()
    local program = tiny.fork(function()
      open:close()
      wiped:read()
      tiny.exec { "sh", "-c", script }
    end)
    tiny.become_init(program)
  end)
end

check.equal(run("exit 7"), 7)
check.equal(run("kill -9 $$"), 137)
check.equal(run("trap 'exit 4' TERM; kill -TERM 1; while :; do sleep 0.05; done"), 4, "a signal to PID 1")
-- An orphan that ends leaves no zombie.
check.equal(run("(sleep 0.1 & ) ; sleep 0.4; grep -l '^State:.Z' /proc/[0-9]*/status && exit 1; exit 0"), 0, "zombies")
-- Nothing of the caller remains to be inspected, except briefly the pipe for the child's error.
check.equal(run("! tr -d '\\0' </proc/1/environ | grep -q ."), 0, "environment")
check.equal(run("sleep 0.1; ls /proc/1/fd | wc -l | grep -qx 3"), 0, "descriptors")
check.equal(run("grep -q '^Name:.init$' /proc/1/status"), 0)

-- An error in the child is reported as its own.
local thrower <close> = tiny.clone({ pid = true }, function()
  tiny.become_init(tiny.fork(function() tiny.exec { "no-such-program" } end))
end)
local thrown = check.fails("ENOENT", thrower.wait_ready, thrower)
check.equal(thrown.op, "exec")
check.equal(thrower:wait(), 127)

local child <close> = tiny.fork(function() end)
local err = check.fails("EINVAL", tiny.become_init, child)
assert(tostring(err):match("the caller is not PID 1 of a pid namespace"), tostring(err))
check.refuses("child: expected child handle, got 1", tiny.become_init, 1)
