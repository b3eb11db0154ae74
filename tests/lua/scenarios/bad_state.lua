-- Commands on a container in the wrong state, and unknown words.
local check = require "check"

local function refused(text, ...)
  local result = check.run { ... }
  assert(result.status == 1 or result.status == 125 or result.status == 2, result.status)
  assert(result.err:find(text, 1, true), result.err)
end

check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
refused("c is running\n  hint: stop it first, or use rm -f", "rm", "c")
refused('"SIGNONSENSE" is not a signal', "kill", "-s", "SIGNONSENSE", "c")
refused('"99" is not a signal', "kill", "-s", "99", "c")
refused('restart: unknown policy "sometimes"\n  hint: use one of: no, on-failure, on-failure:N, always, unless-stopped', "run", "--restart", "sometimes", "true")
refused('restart: unknown policy "always:3"', "run", "--restart", "always:3", "true")
check.succeeds("stop", "-t", "0", "c")
check.equal(check.run({ "stop", "c" }).err, "tinylua: c is not running\n")
check.equal(check.run({ "stop", "c" }).status, 0)
refused("c is not running", "kill", "c")
refused("c is not running", "top", "c")
check.succeeds("rm", "c")

-- A thousand zombies: PID 1 does not reap; stop and rm remove them anyway.
if not os.execute("command -v perl >/dev/null") then check.skip("there is no perl to make zombies with") end
local before = #tiny.list_dir("/proc")
check.succeeds("run", "-d", "--name", "z", "sh", "-c", "exec perl -e 'for (1..1000) { exit if !fork } $SIG{TERM} = sub { exit 3 }; print \"made\\n\"; $| = 1; sleep 1000 while 1'")
local deadline = tiny.clock("monotonic") + 60
local zombies = 0
while zombies < 1000 and tiny.clock("monotonic") < deadline do
  zombies = select(2, check.succeeds("top", "z"):gsub("  Z  ", ""))
end
check.equal(zombies, 1000)
check.succeeds("stop", "-t", "5", "z")
check.succeeds("rm", "z")
check.no_container()
assert(#tiny.list_dir("/proc") <= before, "processes are left")
