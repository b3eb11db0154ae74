-- What a container, its supervisor and the programs that join it inherit from the command's caller: nothing of the
-- process state that docs/manual/src/inherited.md lists. Each row is checked for each way to start a process.
local check = require "check"

for _, program in ipairs { "nice", "ionice", "taskset", "setarch", "prlimit", "perl", "flock" } do
  if not os.execute("command -v " .. program .. " >/dev/null") then check.skip("there is no " .. program) end
end

-- The caller: each word changes what the table lists.
local LOCK = "/tmp/held"
tiny.write_file(LOCK, "")
tiny.write_file("/tmp/caller.pl", [[
use POSIX; use Fcntl;
$SIG{$_} = "IGNORE" for qw(CHLD HUP INT USR1 ALRM NUM40);
sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM, SIGUSR2, SIGCHLD));
umask 0077;
$^F = 1000;
open my $held, "<", "]] .. LOCK .. [[" or die;
dup2(fileno $held, $_) for 5, 200, 300;
open my $score, ">", "/proc/self/oom_score_adj"; print $score "300"; close $score;
exec @ARGV or die;]])
local CALLER = {
  "nice", "-n", "7", "ionice", "-c", "3", "taskset", "1", "setarch", "-R",
  "prlimit", "--fsize=1000000:", "--cpu=1000:", "--nofile=400:", "--core=0:", "perl", "/tmp/caller.pl",
}
local EXE = ("/proc/%d/exe"):format(tiny.getpid())
local function as_caller(...)
  local words = table.move(CALLER, 1, #CALLER, 1, {})
  for _, word in ipairs { EXE, "--root", check.root, ... } do table.insert(words, word) end
  local out, into = tiny.pipe()
  local child = tiny.fork(function()
    for number = 1, 2 do tiny.dup2(into, number) end
    tiny.exec(words)
  end)
  into:close()
  return child, out
end
local function ends(status, ...)
  local child <close>, out = as_caller(...)
  local text, bytes = "", out:read()
  while bytes do text, bytes = text .. bytes, out:read() end
  local got = child:wait("60s")
  check.equal(got, status, table.concat({ ... }, " ") .. ": " .. text)
  return text
end

-- The pid of the process with exactly these arguments.
local function pid_of(...)
  local wanted, limit = table.concat({ ... }, "\0") .. "\0", tiny.clock("monotonic") + 60
  repeat
    for _, name in ipairs(tiny.list_dir("/proc")) do
      if name:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. name .. "/cmdline") == wanted then return tonumber(name) end
    end
    tiny.poll({}, "20ms")
  until tiny.clock("monotonic") > limit
  error("no process " .. table.concat({ ... }, " "), 2)
end
local function supervisor_of(name)
  return tiny.json_decode(check.succeeds("inspect", name))[1].state.supervisor.pid
end

-- The rows: the value of a process, by its pid.
local function status(pid, key) return (tiny.read_file(("/proc/%d/status"):format(pid)):match("\n" .. key .. ":%s+(%S+)")) end
local function stat(pid, n)
  local words = {}
  for word in tiny.read_file(("/proc/%d/stat"):format(pid)):match("%) (.*)"):gmatch("%S+") do table.insert(words, word) end
  return words[n - 2]
end
local function limit(name)
  return function(pid) return (tiny.read_file(("/proc/%d/limits"):format(pid)):match("\n" .. name .. "%s+(%S+)")) end
end
local function first_line(command)
  local pipe <close> = io.popen(command)
  return (pipe:read("l"):gsub(".*: ", ""))
end
local ROWS = {
  { "umask", function(pid) return status(pid, "Umask") end, "0022" },
  { "nice", function(pid) return stat(pid, 19) end, "0" },
  { "policy", function(pid) return stat(pid, 41) end, "0" },
  { "CPUs", function(pid) return status(pid, "Cpus_allowed") end, status(1, "Cpus_allowed") },
  { "personality", function(pid) return tiny.read_file(("/proc/%d/personality"):format(pid)) end, "00000000\n" },
  { "OOM score", function(pid) return tiny.read_file(("/proc/%d/oom_score_adj"):format(pid)) end, "0\n" },
  { "I/O priority", function(pid) return (first_line("ionice -p " .. pid):gsub("none: prio 0", "none")) end, (first_line("ionice -p 1"):gsub("none: prio 0", "none")) },
  { "file size", limit("Max file size"), "unlimited" },
  { "CPU time", limit("Max cpu time"), "unlimited" },
  { "open files", limit("Max open files"), "1024" },
  { "core", limit("Max core file size"), "unlimited" },
  { "descriptors", function(pid)
    local held = {}
    for _, number in ipairs(tiny.list_dir(("/proc/%d/fd"):format(pid))) do
      if tiny.try(tiny.readlink, ("/proc/%d/fd/%s"):format(pid, number)) == LOCK then table.insert(held, number) end
    end
    return table.concat(held, " ")
  end, "" },
}
-- A supervisor blocks what it reads from a descriptor, and ignores SIGPIPE.
local function signals(key, mine)
  return { key, function(pid) return ("%x"):format(tonumber(status(pid, key), 16)) end, mine }
end
local PROGRAM, SUPERVISOR = { signals("SigIgn", "0"), signals("SigBlk", "0") }, { signals("SigIgn", "1000") }

local failures, checked = {}, 0
local function inherits_nothing(what, pid, more)
  for _, rows in ipairs { ROWS, more } do
    for _, row in ipairs(rows) do
      local got = row[2](pid)
      checked = checked + 1
      if got ~= row[3] then table.insert(failures, ("%s: %s is %q, not %q"):format(what, row[1], got, row[3])) end
    end
  end
end

-- The columns.
local foreground, out = as_caller("run", "--rm", "--name", "front", "sleep", "1001")
inherits_nothing("run", pid_of("sleep", "1001"), PROGRAM)
tiny.kill(tiny.pidfd_open(pid_of("sleep", "1001")), "SIGKILL")
check.equal(foreground:wait("30s"), 137)
out:close()

ends(0, "run", "-d", "--name", "web", "--health-cmd", "sleep 1003; true", "--health-interval", "300ms", "sleep", "1002")
inherits_nothing("run -d", pid_of("sleep", "1002"), PROGRAM)
inherits_nothing("health check", pid_of("sleep", "1003"), PROGRAM)
inherits_nothing("the supervisor of run -d", supervisor_of("web"), SUPERVISOR)
local exec, exec_out = as_caller("exec", "web", "sleep", "1004")
inherits_nothing("exec", pid_of("sleep", "1004"), PROGRAM)
tiny.kill(tiny.pidfd_open(pid_of("sleep", "1004")), "SIGKILL")
check.equal(exec:wait("30s"), 137)
exec_out:close()
ends(0, "exec", "-d", "web", "sleep", "1005")
inherits_nothing("exec -d", pid_of("sleep", "1005"), PROGRAM)
check.kill(tiny.pidfd_open(supervisor_of("web")))
ends(0, "ps")
inherits_nothing("a recovered supervisor", supervisor_of("web"), SUPERVISOR)
check.succeeds("stop", "-t", "0", "web")
ends(0, "start", "web")
inherits_nothing("start", pid_of("sleep", "1002"), PROGRAM)
inherits_nothing("the supervisor of start", supervisor_of("web"), SUPERVISOR)
check.succeeds("rm", "-f", "web")

-- With --init, the program is PID 2 and PID 1 blocks what it forwards.
ends(0, "run", "-d", "--init", "--name", "with-init", "sleep", "1006")
inherits_nothing("--init", pid_of("sleep", "1006"), PROGRAM)
local init = tiny.json_decode(check.succeeds("inspect", "with-init"))[1].state.pid
inherits_nothing("the init", init, { SUPERVISOR[1] })
check.succeeds("rm", "-f", "with-init")

-- The closures of a recipe run in the supervisor.
tiny.write_file("/tmp/hooks.lua", [[
return require("tiny.container").new {
  name = "hooks", command = { "sleep", "1007" },
  before = { network = function() tiny.write_file("/tmp/before", tiny.read_file("/proc/self/status")) end },
  on_start = function() tiny.write_file("/tmp/started", tiny.read_file("/proc/self/status")) end,
}]])
ends(0, "run", "-d", "/tmp/hooks.lua")
for _, path in ipairs { "/tmp/before", "/tmp/started" } do check.equal(tiny.read_file(path):match("Umask:%s+(%d+)"), "0022", path) end
check.succeeds("rm", "-f", "hooks")

if #failures > 0 then error(("%d of %d differ:\n%s"):format(#failures, checked, table.concat(failures, "\n"))) end

-- Ends are noticed although the caller ignores SIGCHLD.
ends(3, "run", "--rm", "sh", "-c", "exit 3")
ends(4, "run", "--rm", "--init", "sh", "-c", "exit 4")
ends(0, "run", "-d", "--name", "well", "--health-cmd", "true", "--health-interval", "100ms", "sleep", "60")
ends(5, "exec", "well", "sh", "-c", "exit 5")
local deadline = tiny.clock("monotonic") + 60
while check.succeeds("inspect", "--format", "state.health", "well") ~= "healthy\n" do
  assert(tiny.clock("monotonic") < deadline, "not healthy")
  tiny.poll({}, "50ms")
end
check.succeeds("rm", "-f", "well")

-- A lock that the caller holds by a descriptor ends with the caller, as does a pipe.
check.equal(os.execute(("flock %s %s --root %s run -d --name locker sleep 60 >/dev/null && flock -n %s true"):format(LOCK, EXE, check.root, LOCK)), true, "the lock")
local pipe <close> = io.popen(("exec 3>&1; %s --root %s run -d --name piper sleep 60"):format(EXE, check.root))
check.equal(#pipe:read("a"), 13, "the id, and the end of the pipe")
check.succeeds("rm", "-f", "locker", "piper")

-- A limit that was asked for wins.
check.equal(ends(0, "run", "--rm", "--ulimit", "nofile=77", "sh", "-c", "ulimit -n"), "77\n")
check.no_container()
