-- Secrets given to a command are not readable in the arguments and environment of any tinylua process, neither on the
-- host, where /proc/PID/cmdline is open to every user, nor in the container.
local check = require "check"

local SECRET = "hunter2"

-- Each process whose arguments or environment contain the secret: its pid and which of the two.
local LOOK = ([[
for p in /proc/[0-9]*; do
  for f in cmdline environ; do
    grep -aq %s $p/$f 2>/dev/null && echo "$p/$f: $(tr '\0' ' ' <$p/$f)"
  done
done; true]]):format(SECRET:gsub("2", "[2]"))

-- The container's programs have what they were given: the variables in addition to MINE, and the text of the check.
local function looked(text)
  local found = {}
  for line in text:gmatch("[^\n]+") do
    local own = line:find("/environ: .*MINE=1") or line:find("/cmdline: [%a/]*sh %-c ")
    if not own then table.insert(found, line) end
  end
  return table.concat(found, "\n")
end

local function on_host()
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { env = { PATH = os.getenv "PATH" }, "sh", "-c", LOOK }
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  check.equal(child:wait(), 0)
  return text
end

local function title(pid) return ((tiny.read_file(("/proc/%d/cmdline"):format(pid)) or ""):gsub("%z", "|")) end
local function supervisor(name) return math.tointeger(tonumber((check.succeeds("inspect", "--format", "state.supervisor.pid", name)))) end
local function pid(name) return math.tointeger(tonumber((check.succeeds("inspect", "--format", "state.pid", name)))) end

local function told_nothing(what)
  local found = looked(on_host())
  assert(found == "", what .. ":\n" .. found)
end

tiny.write_file("/tmp/env", "TOKEN=" .. SECRET .. "\n")
tiny.write_file("/tmp/app.lua", [[
  local args = ...
  return require("tiny.container").new { name = "recipe", command = { "sleep", "1000" }, env = { MINE = "1", PW = args[1] } }]])
check.environment = { PATH = os.getenv "PATH", CALLERS = SECRET, HOME = "/root" }

-- In the background, with an init and a health check.
check.succeeds("run", "-d", "--init", "--name", "web", "-e", "MINE=1", "-e", "PW=" .. SECRET, "--env-file", "/tmp/env", "--health-cmd",
  ": " .. SECRET .. "; sleep 1000", "--health-interval", "200ms", "sleep", "1000")
check.succeeds("run", "-d", "/tmp/app.lua", SECRET)
-- In the foreground, with a second program in the container; both keep running.
local function start(...)
  local words = { ... }
  return tiny.fork(function()
    local null = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 2 do tiny.dup2(null, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
end
local front <close> = start("run", "--name", "front", "-e", "MINE=1", "-e", "PW=" .. SECRET, "sleep", "1000")
local beside <close> = start("exec", "-e", "MINE=1", "-e", "PW=" .. SECRET, "web", "sleep", "2000")
local deadline = tiny.clock("monotonic") + 60
repeat
  tiny.poll({}, "50ms")
  assert(tiny.clock("monotonic") < deadline, "they start")
until check.run({ "exec", "web", "sh", "-c", "grep -q 2000 /proc/[0-9]*/cmdline" }).status == 0
  and check.run({ "inspect", "--format", "state.status", "front" }).out == "running\n"
told_nothing("while they run")

-- The process titles that replace the arguments.
check.equal(title(supervisor "web"), "tinylua: supervisor of web|")
check.equal(title(supervisor "recipe"), "tinylua: supervisor of recipe|")
check.equal(title(front.pid), "tinylua: supervisor of front|")
check.equal(title(beside.pid), "tinylua: exec in web|")
check.equal(title(pid "web"), "tinylua: init of web|")
check.equal(tiny.read_file(("/proc/%d/comm"):format(supervisor "web")), "tinylua\n")
check.equal(check.succeeds("exec", "web", "cat", "/proc/1/cmdline"), "tinylua: init of web\0")
local ps = io.popen("ps -o args= -p " .. supervisor "web")
check.equal(ps:read("a"), "tinylua: supervisor of web\n")
ps:close()

-- From inside the container, which sees the init and the processes that enter it, and no other tinylua process.
check.equal(looked(check.succeeds("exec", "-e", "MINE=1", "web", "sh", "-c", LOOK)), "", "from inside")

-- While a process enters and its program is not yet executed: its title is read as often as possible.
check.succeeds("run", "-d", "--name", "spy", "perl", "-e", [[
  use Time::HiRes "time"; my (%seen, $end); $end = time + 60;
  until (-e "/stop" or time > $end) {
    for (glob "/proc/[0-9]*/cmdline") { next if $_ eq "/proc/$$/cmdline"; open my $f, "<", $_ or next; local $/; my $t = <$f>; $seen{$t}++ if defined $t && $t =~ /tiny|hunter/ }
  }
  print join("\n", map { s/\0/|/gr } sort keys %seen), "\n";]])
for _ = 1, 20 do check.succeeds("exec", "-e", "PW=" .. SECRET, "spy", "true") end
check.run { "exec", "spy", "touch", "/stop" } -- killed; the attacker sees this soon and ends the container
check.succeeds("wait", "spy")
check.equal(check.succeeds("logs", "spy"), "tinylua: exec in spy|\n", "what enters")

-- A supervisor started by recovery shows no secret either.
local dead <close> = tiny.pidfd_open(supervisor "web")
tiny.kill(dead, "SIGKILL")
tiny.poll { dead }
check.run { "ps" }
check.equal(title(supervisor "web"), "tinylua: supervisor of web|")
told_nothing("after a recovery")
check.succeeds("rm", "-f", "web", "recipe", "front", "spy")
check.no_container()
