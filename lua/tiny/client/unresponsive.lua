-- Handles a supervisor that does not answer: it is stopped (SIGSTOP), loops in a callback of its recipe, or blocks because its
-- output is not read. Commands that stop or remove the container kill it; its remaining work is done by recovery
-- (tiny.supervisor.recovery).
local unresponsive = {}

-- Seconds to wait for a supervisor, and for a process after SIGKILL.
unresponsive.PATIENCE = 10

-- The kernel's information about a file that this process has open (proc(5), fdinfo).
local function info_of(place)
  for _, number in ipairs(tiny.list_dir("/proc/self/fd")) do
    local open = tiny.try(tiny.stat, "/proc/self/fd/" .. number)
    if open and open.dev == place.dev and open.ino == place.ino then return tiny.try(tiny.read_file, "/proc/self/fdinfo/" .. number) end
  end
end

-- A file as the kernel identifies it in its list of locks: by its file system's device and inode. Inode numbers alone are not
-- unique: each tmpfs starts again from the lowest. On some file systems (btrfs, overlayfs) stat(2) returns another device.
local function identity(path)
  local file <close> = tiny.try(tiny.open, path)
  local place = file and tiny.stat(path)
  local info = place and info_of(place) or ""
  local mount, ino = info:match("\nmnt_id:%s*(%d+)"), info:match("\nino:%s*(%d+)")
  if not ino then return nil end
  local major, minor = ("\n" .. tiny.read_file("/proc/self/mountinfo")):match("\n" .. mount .. " %d+ (%d+):(%d+) ")
  return major and ("%02x:%02x:%s"):format(major, minor, ino)
end

-- Whether a process holds the lock in the file of this name and identity: fdinfo lists the locks of each open file (proc(5)).
-- Waiting for the lock does not count. No file is accessed: it may be a container's, on a file system that never answers.
local function holds(pid, name, file)
  local folder = ("/proc/%d/"):format(pid)
  for _, number in ipairs(tiny.try(tiny.list_dir, folder .. "fd") or {}) do
    local link = tiny.try(tiny.readlink, folder .. "fd/" .. number) or ""
    local info = link:match("[^/]*$") == name and tiny.try(tiny.read_file, folder .. "fdinfo/" .. number) or ""
    for locked in info:gmatch("\nlock:[^\n]* FLOCK [^\n]* (%x+:%x+:%d+) %d+ EOF") do
      if locked == file then return true end
    end
  end
  return false
end

-- The processes that hold the lock in this file.
local function holders(path)
  local found, file = {}, identity(path)
  for _, entry in ipairs(file and tiny.list_dir("/proc") or {}) do
    local pid = math.tointeger(tonumber(entry))
    -- Opened before it is inspected, so that the pid cannot be reused by then.
    local process = pid and pid ~= tiny.getpid() and tiny.try(tiny.pidfd_open, pid)
    local is_one = process and holds(pid, path:match("[^/]*$"), file)
    if is_one then table.insert(found, process) elseif process then process:close() end
  end
  return found
end

-- Waits for all of these processes at once; returns those that have not ended within this time.
local function await(processes, seconds)
  local deadline = tiny.clock("monotonic") + seconds
  while #processes > 0 do
    local ended, left = {}, {}
    for _, process in ipairs(tiny.poll(processes, math.max(0, deadline - tiny.clock("monotonic")))) do ended[process] = true end
    if not next(ended) then break end
    for _, process in ipairs(processes) do
      if ended[process] then process:close() else table.insert(left, process) end
    end
    processes = left
  end
  return processes
end

-- Kills the processes that have not ended by themselves within this time.
local function kill(container, processes, seconds)
  processes = await(processes, seconds)
  for _, process in ipairs(processes) do tiny.try(tiny.kill, process, "SIGKILL") end
  local left = await(processes, unresponsive.PATIENCE)[1]
  if not left then return end
  tiny.fail {
    message = ("%s: its supervisor, pid %d, does not end even on SIGKILL"):format(container.config.name, left.pid),
    hint = ("cat /proc/%d/wchan shows what it waits for in the kernel"):format(left.pid), exit = 125,
  }
end

-- Kills the holder of the supervisor's lock: the supervisor itself, and then, if the container was still being started, the
-- command that waits for it. Returns whether there was one.
function unresponsive.kill(container)
  local found = holders(container.run .. "/alive")
  local named = container.state.supervisor
  table.sort(found, function(a, b) return a.pid > b.pid end)
  for i, process in ipairs(found) do
    if named and process.pid == named.pid then table.insert(found, 1, table.remove(found, i)) end
  end
  if not found[1] then return false end
  kill(container, { table.remove(found, 1) }, 0)
  -- The command ends by itself once it has reported its child's end.
  kill(container, found, 1)
  return true
end

-- Handles processes outside that have a child in the container and do not wait(2) for it: PID 1 ends only after all others are
-- reaped (pid_namespaces(7)). Continues a stopped `exec`, and kills ours if it hangs. Returns the pids of others.
function unresponsive.reapers(process)
  local inside, others = tiny.try(tiny.readlink, ("/proc/%d/ns/pid"):format(process.pid)), {}
  for _, name in ipairs(inside and tiny.list_dir("/proc") or {}) do
    local status = name:match("^%d+$") and tiny.try(tiny.readlink, "/proc/" .. name .. "/ns/pid") == inside
      and tiny.try(tiny.read_file, "/proc/" .. name .. "/status") or ""
    local parent = status:find("\nState:%s*Z") and math.tointeger(tonumber(status:match("\nPPid:%s*(%d+)")))
    local outside = parent and parent > 0 and tiny.try(tiny.readlink, ("/proc/%d/ns/pid"):format(parent)) ~= inside
    local reaper <close> = outside and tiny.try(tiny.pidfd_open, parent) or nil
    if reaper then
      tiny.try(tiny.kill, reaper, "SIGCONT")
      local ours = (tiny.try(tiny.read_file, ("/proc/%d/cmdline"):format(parent)) or ""):match("^tinylua: ")
      if #tiny.poll({ reaper }, 1) == 0 and ours then tiny.try(tiny.kill, reaper, "SIGKILL") end
      if not ours then table.insert(others, parent) end
    end
  end
  return others
end

-- Whether a process has one of these files open, by inode. Only files of the same name and inode are accessed: others may be on
-- a file system that never answers.
local function has_open(pid, files)
  local folder = ("/proc/%d/"):format(pid)
  for _, number in ipairs(tiny.try(tiny.list_dir, folder .. "fd") or {}) do
    local link = tiny.try(tiny.readlink, folder .. "fd/" .. number) or ""
    local file = files[link:match("[^/]*$")]
    local info = file and tiny.try(tiny.read_file, folder .. "fdinfo/" .. number) or ""
    local same = file and math.tointeger(tonumber(info:match("\nino:%s*(%d+)"))) == file.ino and tiny.try(tiny.stat, folder .. "fd/" .. number)
    if same and same.dev == file.dev and same.ino == file.ino then return true end
  end
  return false
end

-- Kills the processes of a container whose record does not list them: those in its cgroup, and those that have its streams open.
-- Returns whether there were any.
function unresponsive.kill_strays(container)
  local ended = false
  local cgroup = tiny.try(function() return tiny.open_cgroup(require("tiny.pipeline.limits").path(container)) end)
  if cgroup then tiny.try(tiny.cgroup_kill, cgroup) end
  local files = {}
  for _, name in ipairs { "stdin", "stdout", "stderr" } do
    local file = tiny.try(tiny.stat, container.run .. "/" .. name, { follow = false })
    if file and file.kind == "fifo" then files[name] = file end
  end
  for _, entry in ipairs(next(files) and tiny.list_dir("/proc") or {}) do
    local pid = math.tointeger(tonumber(entry))
    local process <close> = pid and pid ~= tiny.getpid() and tiny.try(tiny.pidfd_open, pid) or nil
    if process and has_open(pid, files) then
      tiny.try(tiny.kill, process, "SIGKILL")
      tiny.poll({ process }, unresponsive.PATIENCE)
      ended = true
    end
  end
  return ended
end

return unresponsive
