-- A system call as passed to a recipe's function: its name, arguments and caller, the data that its arguments point to, and the
-- possible answers. The data may change before the kernel reads it itself: continue() is therefore no security boundary
-- (seccomp_unotify(2)); deny(), value() and file() are.
local AT_FDCWD = -100

-- Calls whose path follows a directory descriptor; names of such calls end in "at", except these.
local WITH_FOLDER = { statx = true, open_tree = true, fspick = true }

local function folder_of(call, i)
  local before = call.args[i - 1]
  if not before or not (WITH_FOLDER[call.name] or call.name:match("at%d?$")) then return "cwd" end
  local fd = before & 0xffffffff
  if fd == AT_FDCWD & 0xffffffff then return "cwd" end
  return "fd/" .. fd
end

local function tidy(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then table.remove(parts) elseif part ~= "." then table.insert(parts, part) end
  end
  return "/" .. table.concat(parts, "/")
end

local GONE = "the caller no longer waits"

local function read(seen, i, length, max)
  local address = seen.args[i] or tiny.fail(("%s has no argument %s"):format(seen.name, tiny.show(i)))
  return tiny.seccomp_notify_read(seen.listener, seen.id, { pid = seen.pid, address = address, length = length, max = max }) or tiny.fail(GONE)
end

-- Methods that are created on first use: most functions need few.
local ASKED = {}

-- Argument i (from 1) as a string of at most `max` bytes, or as `length` bytes.
function ASKED.text(seen) return function(i, max) return read(seen, i, nil, max) end end
function ASKED.bytes(seen) return function(i, length) return read(seen, i, length) end end

-- Argument i as a path from the container's root, with "." and ".." resolved. Links are not followed.
function ASKED.path(seen)
  return function(i)
    local text = read(seen, i)
    if text:sub(1, 1) == "/" then return tidy(text) end
    local folder = tiny.readlink(("/proc/%d/%s"):format(seen.pid, folder_of(seen, i)))
    if not tiny.seccomp_notify_valid(seen.listener, seen.id) then tiny.fail(GONE) end
    return tidy((folder or "") .. "/" .. text)
  end
end

function ASKED.valid(seen) return function() return tiny.seccomp_notify_valid(seen.listener, seen.id) end end

-- The answers.
local ANSWERS = {
  deny = function(name) return { error = name or "EPERM" } end,
  value = function(number) return { value = number or 0 } end,
  file = function(file, cloexec) return { fd = file, cloexec = cloexec } end,
  ["continue"] = function() return { ["continue"] = true } end,
}

local META = {
  __index = function(seen, key)
    return ANSWERS[key] or ASKED[key] and ASKED[key](seen)
  end,
}

return function(listener, call)
  local seen = { name = call.call, id = call.id, pid = call.pid, args = call.args, arch = call.arch, listener = listener }
  return setmetatable(seen, META)
end
