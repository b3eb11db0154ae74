-- process_start_time: returns field 22 of /proc/PID/stat, whatever the name of the process.
local check = require "check"

local own = tiny.process_start_time(tiny.getpid())
local up = tonumber(tiny.read_file("/proc/uptime"):match("%S+"))
assert(math.type(own) == "integer" and own > 0 and own / 100 <= up + 1, own)
check.equal(tiny.process_start_time(tiny.getpid()), own, "asked again")

-- A name with spaces and parentheses does not shift the fields.
tiny.symlink("/bin/sleep", "/tmp/a) 1 2 (b")
local odd <close> = tiny.fork(function() tiny.exec { "/tmp/a) 1 2 (b", "50" } end)
odd:wait_ready()
-- execve(2) closes the report pipe a moment before it sets the name.
local comm
for _ = 1, 100 do
  comm = tiny.read_file(("/proc/%d/comm"):format(odd.pid))
  if comm ~= "tinylua\n" then break end
  tiny.poll({}, "10ms")
end
check.equal(comm, "a) 1 2 (b\n")
local started = tiny.process_start_time(odd.pid)
assert(started >= own and started / 100 <= up + 60, started)

odd:reap()
check.equal(tiny.process_start_time(odd.pid), nil, "an ended process")
check.refuses("pid is missing: process_start_time(pid)", tiny.process_start_time)
