-- A system call as a recipe's function sees it: its name, arguments and caller, what its arguments point to,
-- and the answers that it can be given. What a pointer leads to may change between the look and the kernel's
-- own: continue() then is no security boundary (seccomp_unotify(2)); deny(), value() and file() are.
local AT_FDCWD = -100

-- Calls whose path follows the descriptor of a folder; their names end so, but for these.
local WITH_FOLDER = { statx = true, open_tree = true, fspick = true }

local function folder_of(call, i)
  local before = call.args[i - 1]
  if not before or not (WITH_FOLDER[call.call] or call.call:match("at%d?$")) then return "cwd" end
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

return function(listener, call)
  local seen = { name = call.call, pid = call.pid, args = call.args, arch = call.arch }
  local function read(i, more)
    local how = { pid = call.pid, address = call.args[i] or tiny.fail(("%s has no argument %s"):format(call.call, tiny.show(i))) }
    for key, value in pairs(more) do how[key] = value end
    return tiny.notify_read(listener, call.id, how) or tiny.fail("the caller does not wait any more")
  end
  -- Argument i (from 1) as a text of at most `max` bytes, and as `length` bytes.
  function seen.text(i, max) return read(i, { max = max }) end
  function seen.bytes(i, length) return read(i, { length = length }) end
  -- Argument i as a path from the container's root on, with "." and ".." taken out. Links are not followed.
  function seen.path(i)
    local text = read(i, {})
    if text:sub(1, 1) == "/" then return tidy(text) end
    local folder = tiny.readlink(("/proc/%d/%s"):format(call.pid, folder_of(call, i)))
    if not tiny.notify_valid(listener, call.id) then tiny.fail("the caller does not wait any more") end
    return tidy((folder or "") .. "/" .. text)
  end
  function seen.valid() return tiny.notify_valid(listener, call.id) end
  -- The answers.
  function seen.deny(name) return { error = name or "EPERM" } end
  function seen.value(number) return { value = number or 0 } end
  seen["continue"] = function() return { ["continue"] = true } end
  function seen.file(file, cloexec) return { fd = file, cloexec = cloexec } end
  return seen
end
