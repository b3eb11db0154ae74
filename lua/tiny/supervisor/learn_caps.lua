-- Infers which capabilities a call needed, from its arguments, the caller's ids and the file's mode. The kernel does not report
-- which ones it checked, so the result may be too large or, in rare cases, too small.
local caps = {}

local CAP_OF = {
  chown = "CAP_CHOWN", lchown = "CAP_CHOWN", fchown = "CAP_CHOWN", fchownat = "CAP_CHOWN", chroot = "CAP_SYS_CHROOT", capset = "CAP_SETPCAP",
  setuid = "CAP_SETUID", setreuid = "CAP_SETUID", setresuid = "CAP_SETUID", setfsuid = "CAP_SETUID",
  setgid = "CAP_SETGID", setregid = "CAP_SETGID", setresgid = "CAP_SETGID", setfsgid = "CAP_SETGID", setgroups = "CAP_SETGID",
}
local READ, WRITE, SEARCH, STICKY, SETID = 4, 2, 1, tonumber("1000", 8), tonumber("6000", 8)

-- The ids with which the kernel checks the caller's permissions.
local function ids(call)
  local status = require "tiny.base.process_status"(tiny.read_file(("/proc/%d/status"):format(call.pid)))
  -- Real, effective, saved and file-system ids.
  local uid, gid = (status.Uid or ""):match("(%d+)$"), (status.Gid or ""):match("(%d+)$")
  local groups = { [tonumber(gid) or -1] = true }
  for group in (status.Groups or ""):gmatch("%d+") do groups[tonumber(group)] = true end
  return tonumber(uid), groups
end

local function allows(mode, wanted)
  return mode & wanted == wanted
end

-- Whether a file's mode permits this access to the caller.
local function may(call, s, wanted)
  local all = s.mode & s.mode >> 3 & s.mode >> 6
  if allows(all, wanted) then return true end
  local uid, groups = ids(call)
  return allows(s.mode >> (uid == s.uid and 6 or groups[s.gid] and 3 or 0), wanted)
end

local function check(learner, call, s, wanted)
  if not s or may(call, s, wanted) then return end
  learner:used("CAP_DAC_OVERRIDE")
end

local function search(learner, call, path)
  learner.searched = learner.searched or {}
  for folder in path:gmatch("()/") do
    local above = folder == 1 and "/" or path:sub(1, folder - 1)
    if not learner.searched[above] then
      learner.searched[above] = true
      check(learner, call, learner:stat(above), SEARCH)
    end
  end
end

-- A file is opened; s is its stat, or nil if it does not exist.
function caps.reach(learner, call, path, s, reads, writes)
  search(learner, call, path)
  if s then check(learner, call, s, (reads and READ or 0) | (writes and WRITE or 0)) else caps.change(learner, call, path) end
end

-- A name is created in its folder, or removed from it.
function caps.change(learner, call, path)
  search(learner, call, path)
  local folder = learner:stat(path:match("^(.+)/[^/]*$") or "/")
  check(learner, call, folder, WRITE | SEARCH)
  local s = learner:stat(path, false)
  if not (s and folder) or folder.mode & STICKY == 0 then return end
  local uid = ids(call)
  if uid ~= s.uid and uid ~= folder.uid then learner:used("CAP_FOWNER") end
end

-- The mode or times of a file are changed: its owner may do so.
local function own(learner, call, s)
  if not s then return end
  if ids(call) ~= s.uid then learner:used("CAP_FOWNER") end
  if s.mode & SETID ~= 0 then learner:used("CAP_FSETID") end
end

caps.calls = {}
for name, capability in pairs(CAP_OF) do
  caps.calls[name] = function(learner) learner:used(capability) end
end
local function by_path(i) return function(l, c) own(l, c, l:stat(c.path(i))) end end
local function by_file(l, c)
  own(l, c, (tiny.try(tiny.stat, ("/proc/%d/fd/%d"):format(c.pid, c.args[1]))))
end
caps.calls.chmod, caps.calls.fchmodat, caps.calls.fchmodat2, caps.calls.fchmod = by_path(1), by_path(2), by_path(2), by_file
caps.calls.utimensat = function(l, c)
  if c.args[2] ~= 0 then return by_path(2)(l, c) end
  by_file(l, c)
end

-- A signal to a process of another user: such processes can exist once ids were changed.
function caps.calls.kill(learner)
  if learner.caps.CAP_SETUID then learner:used("CAP_KILL") end
end
caps.calls.tgkill = caps.calls.kill

function caps.calls.prctl(learner, call)
  local DROP = 24
  if call.args[1] == DROP then learner:used("CAP_SETPCAP") end
end

local function label(learner, call)
  if call.text(2) == "security.capability" then learner:used("CAP_SETFCAP") end
end
caps.calls.setxattr, caps.calls.lsetxattr, caps.calls.fsetxattr = label, label, label

return caps
