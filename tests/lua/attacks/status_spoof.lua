-- A process chooses its own name, which comes first in /proc/PID/status and stat. A process named "Uid: 0" is not shown
-- as root's, and a name cannot control the terminal.
local check = require "check"

check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
local names = { "Uid:\t0\t0\t0\t0", "State:\tZ", "VmRSS:\t77 kB", "NSpid:\t1", "PPid:\t1", "x) Z 1 (y", "\27[2J\nUid:\t0" }
for _, name in ipairs(names) do
  check.succeeds("exec", "c", "sh", "-c", 'cp "$(readlink -f /bin/sleep)" "/tmp/$1"; chmod 755 "/tmp/$1"', "sh", name)
  check.succeeds("exec", "-d", "-u", "1234", "c", "/tmp/" .. name, "1000")
end
local out = check.succeeds("top", "c")
local found = 0
for line in out:gmatch("[^\n]+") do
  local pid, _, uid, status, memory, command = line:match("^(%S+) +(%S+) +(%S+) +(%S+) +(%d+ kB) +(.*)$")
  if command and command:match("^/tmp/") then
    found = found + 1
    check.equal(uid, "1234", line)
    check.equal(status, "S", line)
    assert(tonumber(pid) > 1 and memory ~= "77 kB", line)
  end
end
check.equal(found, #names, out)
assert(not out:find("[\0-\9\11-\31\127]"), "control characters are visible")
assert(out:find("\\x1b[2J\\x0aUid:\\x090", 1, true), out)

-- The library's parser, which all callers use.
local fields = require "tiny.base.process_status"("Name:\tPPid: 7\nUmask:\t0022\nPPid:\t3\nPPid:\t4\nSigCgt:\t0000000000000002\n")
check.equal(fields.PPid, "3")
check.equal(fields.Name, "PPid: 7")
-- The start time distinguishes a process from a later one with the same pid: its name contains parentheses and numbers.
local child <close> = tiny.fork(function()
  tiny.open("/proc/self/comm", { write = true }):write("\xff) S 1 2 3 4")
  tiny.notify_ready()
  tiny.poll({}, 100)
end)
local before = tiny.process_start_time(child.pid)
child:wait_ready()
check.equal(tiny.process_start_time(child.pid), before)
check.equal(#tiny.caps(child).bounding, #tiny.caps().bounding, "of a name that is no UTF-8")
child:kill("SIGKILL")
check.succeeds("rm", "-f", "c")
check.no_container()
