-- Flags and spellings that docker's users type: each is accepted with docker's effect, or refused with what to do instead.
local check = require "check"

local function run(...) return check.run { "run", "--rm", "--network", "none", ... } end
local function prints(want, ...)
  local result = run(...)
  check.equal(result.out, want, result.err)
end
local function refused(text, ...)
  local result = run(...)
  assert(result.status == 125 or result.status == 2, ("status %s: %s"):format(result.status, result.err))
  assert(result.err:find(text, 1, true), result.err)
end

-- Flags with a value.
prints("yes\n", "--rm=true", "--init=false", "--tty=false", "-i=true", "echo", "yes")
refused("expected true or false", "--init=maybe", "true")
tiny.write_file("/tmp/ro.lua", 'return require("tiny.container").new { command = "touch /new && echo written", read_only = true, network = "none" }')
check.equal(check.run({ "run", "--rm", "--read-only=false", "/tmp/ro.lua" }).out, "written\n")
check.equal(check.run({ "run", "--rm", "/tmp/ro.lua" }).out, "")
check.equal(check.succeeds("ps", "--all=true", "-q=true"), "")

-- Names.
prints("web_1\n", "-h", "web_1", "cat", "/proc/sys/kernel/hostname")
prints("lan\n", "--domainname", "lan", "cat", "/proc/sys/kernel/domainname")
prints("10.0.0.5\tdb\nfd00::1\tsix\n", "--add-host", "db=10.0.0.5", "--add-host", "six:[fd00::1]", "grep", "-E", "db|six", "/etc/hosts")

-- Volumes.
tiny.mkdir("/tmp/data")
tiny.write_file("/tmp/data/file", "kept\n")
for _, option in ipairs { "z", "Z", "cached", "delegated", "ro,z", "rw,cached", "rprivate" } do
  prints("kept\n", "-v", "/tmp/data:/data:" .. option, "cat", "/data/file")
end
prints("kept\n", "--mount", "type=bind,source=/tmp/data,target=/data,bind-propagation=rprivate,consistency=cached", "cat", "/data/file")
assert(run("-v", "/tmp/data:/data:ro,z", "touch", "/data/x").status ~= 0)
refused("mounts are always private, not rslave", "-v", "/tmp/data:/data:rslave", "true")
refused("mounts are always private, not rshared", "--mount", "type=bind,source=/tmp/data,target=/data,bind-propagation=rshared", "true")
refused("it is both ro and rw", "-v", "/tmp/data:/data:ro,rw", "true")
refused('the option "sometimes" is not ro or rw', "-v", "/tmp/data:/data:sometimes", "true")
check.succeeds("create", "--name", "holder", "--network", "none", "-v", "/tmp/data:/data", "true")
prints("kept\n", "--volumes-from", "holder", "cat", "/data/file")
assert(run("--volumes-from", "holder:ro", "touch", "/data/x").status ~= 0)
refused('no such container', "--volumes-from", "nobody", "true")
check.succeeds("rm", "-v", "holder")

-- Limits: 0 and -1 are none.
for _, words in ipairs { { "-m", "0" }, { "--cpus", "0" }, { "--pids-limit", "-1" }, { "--pids-limit", "0" } } do
  prints("ok\n", words[1], words[2], "echo", "ok")
end

-- Capabilities in a list, logs, and what is only recorded.
local caps = run("--cap-drop", "CHOWN,net_bind_service", "sh", "-c", "grep CapBnd /proc/self/status").out
local mask = tonumber(caps:match("(%x+)\n"), 16)
check.equal(mask & (1 << 0 | 1 << 10), 0, "CAP_CHOWN and CAP_NET_BIND_SERVICE")
prints("ok\n", "--log-driver", "json-file", "--log-opt", "max-size=1m", "--log-opt", "max-file=3", "--log-opt", "mode=non-blocking", "echo", "ok")
refused('--log-opt "labels=x" is not max-size=SIZE', "--log-opt", "labels=x", "true")
refused('--log-opt "max-file=many" has no valid value', "--log-opt", "max-file=many", "true")
prints("ok\n", "--sig-proxy=true", "--quiet", "--annotation", "a.b=c", "echo", "ok")
refused("--sig-proxy=false is not supported", "--sig-proxy=false", "true")
refused("containers of one --network resolve each other's names", "--link", "db", "true")
refused("use --device to add a host device", "--gpus", "all", "true")
check.succeeds("create", "--name", "noted", "--network", "none", "--annotation", "a.b=c", "true")
check.equal(check.succeeds("inspect", "-f", 'config.annotations["a.b"]', "noted"), "c\n")
check.equal(check.succeeds("inspect", "--type", "container", "--size", "--format", "size", "noted"), "0\n")
local template = check.run { "inspect", "-f", "{{.State.Status}}", "noted" }
check.equal(template.status, 2)
assert(template.err:find("such as --format state.status", 1, true), template.err)

-- start -a: output from its beginning, its status, and signals.
check.succeeds("create", "--name", "talks", "--network", "none", "-i", "sh", "-c", "echo begins; read line; echo got $line; exit 5")
local talked = check.run({ "start", "-a", "-i", "talks" }, "words\n")
check.equal(talked.out, "begins\ngot words\n", talked.err)
check.equal(talked.status, 5)
check.succeeds("create", "--name", "hears", "--network", "none", "sh", "-c", "trap 'echo heard; exit 6' TERM; echo ready; while :; do sleep 0.02; done")
local out, into = tiny.pipe()
local child <close> = check.start(function()
  tiny.dup2(into, 1)
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "start", "-a", "hears" }
end)
into:close()
check.equal(out:read(), "ready\n")
tiny.kill(child, "SIGTERM")
check.equal(out:read(), "heard\n")
check.equal(child:wait(), 6)
check.equal(check.run({ "start", "-a", "hears", "talks" }).status, 2)

-- ps -l, -n and --no-trunc.
check.equal(check.succeeds("ps", "-lq"), check.succeeds("ps", "-aq"):match("^%x+\n"))
check.equal(select(2, check.succeeds("ps", "-q", "-n", "2"):gsub("\n", "")), 2)
assert(check.succeeds("ps", "-a", "--no-trunc"):find("while :; do sleep 0.02; done", 1, true), "a whole command")
check.equal(check.run({ "ps", "-n", "0" }).status, 2)

-- exec.
check.succeeds("start", "hears")
tiny.write_file("/tmp/env", "A=1\nB=2\n")
check.equal(check.succeeds("exec", "--env-file", "/tmp/env", "-e", "B=3", "hears", "sh", "-c", "echo $A$B"), "13\n")
local function bounding(...) return tonumber(check.succeeds("exec", ...):match("CapEff:%s+(%x+)"), 16) end
local plain, privileged = bounding("hears", "cat", "/proc/self/status"), bounding("--privileged", "hears", "cat", "/proc/self/status")
check.equal(plain & privileged, plain)
assert(privileged ~= plain, "exec --privileged has more capabilities")
-- Without limits, stats adds up what the processes use.
local stats = tiny.json_decode(check.succeeds("stats", "--no-stream", "--format", "json", "hears"))[1]
assert(stats.memory > 0 and stats.pids >= 1, tiny.show(stats))

-- stop and kill of one with another signal.
check.succeeds("stop", "-s", "KILL", "--timeout", "5", "hears")
check.equal(check.succeeds("inspect", "-f", "state.exit_code", "hears"), "137\n")
check.succeeds("restart", "-s", "KILL", "hears")
check.succeeds("stop", "-t", "5", "hears")
check.equal(check.succeeds("inspect", "-f", "state.exit_code", "hears"), "6\n")
check.succeeds("prune", "-f")
check.no_container()
check.succeeds("network", "create", "-d", "bridge", "n1")
check.equal(check.run({ "network", "create", "-d", "macvlan", "n2" }).status, 2)
check.succeeds("network", "prune", "-f")
