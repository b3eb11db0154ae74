-- What a learner observes, by system call: the files, ports and capabilities that the arguments require. Arguments count from 1.
local caps = require "tiny.supervisor.learn_caps"

local calls = {}

local O_ACCMODE, O_CREAT, O_TRUNC, O_PATH = 3, tonumber("100", 8), tonumber("1000", 8), tonumber("10000000", 8)
local AF_UNIX, AF_INET, AF_INET6, AF_PACKET, SOCK_RAW = 1, 2, 10, 17, 3
local LONGEST_ADDRESS = 128

local function open(learner, call, path, flags)
  if flags & O_PATH ~= 0 then return end
  local s, mode = learner:stat(path), flags & O_ACCMODE
  local makes = flags & O_CREAT ~= 0 and (not s or s.kind == "file")
  if s or makes then caps.reach(learner, call, path, s, mode ~= 1, mode ~= 0) end
  -- /proc/self and paths through it belong to the caller, which we cannot look up.
  if not s and not makes and path:match("^/proc/") then s = { kind = "file" } end
  if makes then
    -- It may not exist yet when the policy is applied.
    learner:changed(path, not s)
    learner:makes(path)
  end
  if not s and not makes then return end
  if s and s.kind == "dir" then return learner:grant(path, "list") end
  if mode ~= 1 then learner:grant(path, "r") end
  if mode ~= 0 or flags & O_TRUNC ~= 0 then learner:grant(path, "w") end
end

calls.open = function(l, c) open(l, c, c.path(1), c.args[2]) end
calls.openat = function(l, c) open(l, c, c.path(2), c.args[3]) end
calls.openat2 = function(l, c) open(l, c, c.path(2), (string.unpack("=I8", c.bytes(3, 8)))) end
calls.creat = function(l, c) open(l, c, c.path(1), 1 | O_CREAT | O_TRUNC) end
calls.truncate = function(l, c) open(l, c, c.path(1), 1) end

calls.execve = function(l, c) l:run(c.path(1)) end
calls.execveat = function(l, c) l:run(c.path(2)) end

-- Calls that create or remove names, with the positions of the path arguments.
local function names(makes, ...)
  local places = { ... }
  return function(learner, call)
    for _, i in ipairs(places) do
      local path = call.path(i)
      caps.change(learner, call, path)
      learner:changed(path, makes and not learner:stat(path, false))
    end
  end
end
for name, f in pairs {
  mkdir = names(true, 1), mkdirat = names(true, 2), rmdir = names(false, 1), unlink = names(false, 1), unlinkat = names(false, 2),
  rename = names(true, 1, 2), renameat = names(true, 2, 4), renameat2 = names(true, 2, 4), link = names(true, 1, 2),
  linkat = names(true, 2, 4), symlink = names(true, 2), symlinkat = names(true, 3), mknod = names(true, 1), mknodat = names(true, 2),
} do calls[name] = f end

-- A socket's address: the family, and its port or path.
local function address(call)
  local length = math.min(call.args[3] & 0xffffffff, LONGEST_ADDRESS)
  if length < 3 then return nil end
  local bytes = call.bytes(2, length)
  local family = string.unpack("=I2", bytes)
  if (family == AF_INET or family == AF_INET6) and length >= 4 then return family, (string.unpack(">I2", bytes, 3)) end
  return family, family == AF_UNIX and bytes:match("^..([^%z]+)") or nil
end

calls.bind = function(learner, call)
  local family, place = address(call)
  if family == AF_UNIX and place and place:sub(1, 1) == "/" then learner:changed(place, true) end
  if math.type(place) ~= "integer" then return end
  learner.bind[place] = true
  if place > 0 and place < 1024 then learner:used("CAP_NET_BIND_SERVICE") end
end
calls.connect = function(learner, call)
  local _, place = address(call)
  if math.type(place) == "integer" then learner.connect[place] = true end
end
calls.socket = function(learner, call)
  if call.args[1] == AF_PACKET or call.args[2] & 0xf == SOCK_RAW then learner:used("CAP_NET_RAW") end
end

for name, f in pairs(caps.calls) do calls[name] = f end

return calls
