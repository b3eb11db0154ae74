-- repl undoes at its end what was made at it, unless it was kept: at end-of-file, at an error and at a signal.
local check = require "check"

local INPUT = [[
c = tiny.clone({ uts = true }, function() tiny.exec { "sleep", "1000" } end)
t = { tiny.cgroup("left-a") }
kept = tiny.cgroup("left-b"):keep()
print(c.pid)
]]
local function clean(pid, name)
  assert(not tiny.stat("/proc/" .. pid), name .. ": the child runs")
  tiny.cgroup("left-a"):close() -- fails if it exists
end

local result = check.run({ "repl" }, INPUT)
check.equal(result.status, 0)
clean(result.out:match("%d+"), "end-of-file")
assert(not tiny.try(tiny.cgroup, "left-b"), "the kept cgroup is gone")
local again = INPUT:gsub("kept = [^\n]*\n", "")
result = check.run({ "repl" }, again .. "error('no')\n")
check.equal(result.status, 125)
clean(result.out:match("%d+"), "error")

-- A signal, while the prompt waits for input.
for _, signal in ipairs { "SIGINT", "SIGTERM", "SIGHUP" } do
  local from, into = tiny.pipe()
  local prompt <close> = tiny.fork(function()
    tiny.dup2(from, 0)
    tiny.exec { env = { HOME = "/tmp", PATH = "/bin:/usr/bin" }, "/proc/self/exe", "--root", check.root, "repl" }
  end)
  into:write(again .. 'tiny.append_file("/tmp/pid", c.pid .. "\\n")' .. "\n")
  local pid
  repeat
    tiny.poll({}, "10ms")
    pid = (tiny.read_file("/tmp/pid") or ""):match("(%d+)\n")
  until pid
  tiny.remove("/tmp/pid")
  prompt:kill(signal)
  check.equal(prompt:wait(), 128 + tiny.signal_number(signal))
  clean(pid, signal)
end
