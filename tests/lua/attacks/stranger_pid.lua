-- The recorded pid belongs to another process, because the container has ended or the machine was rebooted. A pid is
-- trusted only with its start time and the boot id: no command signals, enters, shows or waits for that process.
local attack = require "attack"
local check = require "check"

local MARK = "the stranger's file"
local from, into = tiny.pipe()
local stranger = tiny.clone({ pid = true, mount = true, uts = true, net = true }, function()
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt"):keep()
  tiny.write_file("/mnt/mark", MARK)
  tiny.sethostname("stranger")
  -- Every signal is reported; SIGKILL and SIGSTOP are visible by themselves.
  local signals = tiny.signals { "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCONT", "SIGWINCH" }
  tiny.notify_ready()
  while true do
    tiny.poll { signals }
    into:write((signals:next()) .. " ")
  end
end)
stranger:wait_ready()
local pid = stranger.pid
local start = tiny.process_start_time(pid)

local function facts()
  local status = tiny.read_file(("/proc/%d/status"):format(pid)) or "none"
  local inside = 0
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local namespace = name:match("^%d+$") and tiny.try(tiny.readlink, "/proc/" .. name .. "/ns/pid")
    if namespace == tiny.readlink(("/proc/%d/ns/pid"):format(pid)) then inside = inside + 1 end
  end
  local links = tiny.read_file(("/proc/%d/net/dev"):format(pid)):gsub(":[^\n]*", "")
  local state = status:match("State:%s+(%S)")
  return ("%s, %d in its pid namespace, cgroup %s, links %s, signals %s"):format((state == "R" or state == "S") and "runs" or state, inside,
    tiny.read_file(("/proc/%d/cgroup"):format(pid)), links, #tiny.poll({ from }, 0) > 0 and from:read() or "none")
end
local before = facts()
local tries = 0
-- In seconds.
local SHORT, LONG = attack.slow and 8 or 1, 60
local function untouched(what)
  check.equal(#tiny.poll({ stranger }, 0), 0, what .. ": the stranger was ended")
  check.equal(facts(), before, what)
end

-- Ends a command that takes longer; returns its output, and whether it ended by itself.
local function bounded(words, seconds)
  local quoted = {}
  for _, word in ipairs(words) do table.insert(quoted, "'" .. word .. "'") end
  local pipe = io.popen(("timeout -s KILL %s /proc/%d/exe --root %s %s 2>&1 </dev/null"):format(seconds, tiny.getpid(), check.root, table.concat(quoted, " ")))
  local text = pipe:read("a")
  local _, _, status = pipe:close()
  return text, status ~= 137
end

local COMMANDS = {
  { "stop", "-t", "0", "c" }, { "kill", "c" }, { "kill", "-s", "USR1", "c" }, { "rm", "-f", "c" }, { "exec", "c", "cat", "/mnt/mark" }, { "pause", "c" }, { "top", "c" },
  { "logs", "-f", "c" }, { "restart", "-t", "0", "c" }, { "cp", "c:/mnt/mark", "-" }, { "stats", "--no-stream", "c" }, { "attach", "c" }, { "ps" }, { "gc" }, { "inspect", "c" },
  { "update", "--pids", "100", "c" }, { "network", "connect", "bridge", "c" }, { "run", "--rm", "--network", "container:c", "cat", "/proc/net/dev" }, { "start", "c" }, { "explain", "c" },
}

-- Kills a container without its supervisor, which `frozen` says is stopped or else killed too, and writes the other
-- process's pid to its record, with a wrong "start" or "boot"; then a command runs.
local function case(command, frozen, wrong, status)
  check.root = "/tmp/store" .. tries
  tries = tries + 1
  local id = check.succeeds("run", "-d", "--name", "c", "sleep", "100"):sub(1, 12)
  local path = ("%s/containers/%s/state.json"):format(check.root, id)
  local record = tiny.json_decode(tiny.read_file(path))
  local supervisor <close> = tiny.pidfd_open(record.supervisor.pid, { start_time = record.supervisor.start })
  local process <close> = tiny.pidfd_open(record.pid, { start_time = record.pid_start })
  tiny.kill(supervisor, frozen and "SIGSTOP" or "SIGKILL")
  tiny.kill(process, "SIGKILL")
  tiny.poll { process }
  if not frozen then tiny.poll { supervisor } end
  record.pid, record.pid_start = pid, wrong == "boot" and start or record.pid_start
  local boot = wrong == "boot" and "00000000-0000-4000-8000-000000000000" or tiny.boot_id()
  record.boot_id = boot
  if not frozen or status then record.supervisor = { pid = pid, start = wrong == "boot" and start or record.supervisor.start, boot_id = boot } end
  if status then record.status, record.pid, record.pid_start = status, nil, nil end
  tiny.write_file(path, tiny.json_encode(record))
  -- The command waits for a stopped supervisor, and for no other process.
  local said, ended = bounded(command, frozen and SHORT or LONG)
  local what = ("%s, %s, wrong %s, supervisor %s"):format(table.concat(command, " "), record.status, wrong, frozen and "stopped" or "dead")
  untouched(what)
  assert(ended or frozen, what .. ": it waits")
  assert(not said:find(MARK, 1, true) and not said:find("stranger_pid", 1, true), what .. ": shows the stranger: " .. said)
  if frozen then
    tiny.kill(supervisor, "SIGKILL")
    tiny.poll { supervisor }
  end
  bounded({ "rm", "-f", "c" }, LONG)
  untouched(what .. ", removed")
end
for i, command in ipairs(COMMANDS) do
  if attack.slow and i > 5 then break end
  for _, wrong in ipairs { "start", "boot" } do
    case(command, true, wrong)
    -- The first command records the end, whichever it is.
    if i <= 2 or not attack.slow then case(command, false, wrong) end
  end
end
for _, status in ipairs { "restarting", "starting" } do
  for _, command in ipairs(attack.few { COMMANDS[1], COMMANDS[4], COMMANDS[9] }) do
    for _, wrong in ipairs { "start", "boot" } do case(command, false, wrong, status) end
    case(command, true, "start", status)
  end
end
print(tries .. " commands")
