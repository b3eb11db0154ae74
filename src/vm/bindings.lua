-- The part of the binding that must be Lua. A Rust error would reach Lua opaque, and a structured
-- error that crosses a Rust frame loses its fields, so the throw, the combinators that take
-- functions, and the clean-up of handles are here. Nothing here makes a system call itself.
local tiny, internal = ...

-- The first collection starts after another MiB, not when a few KiB have doubled: most recipes end or run
-- their program before that, and in a forked child marking an object copies its page. A negative step
-- is a credit (lua_gc(L, LUA_GCSTEP, data) adds `data` KiB to the debt).
collectgarbage("step", -1024)

local error, xpcall, pcall, setmetatable, type = error, xpcall, pcall, setmetatable, type

local function settle(ok, first, ...)
  if ok then return first, ... end
  error(first, 0)
end

-- A primitive: the raw function returns true and results, or false and an error value.
local function bind(raw)
  return function(...) return settle(raw(...)) end
end

-- A primitive that returns twice: nil in the child, which runs the closure and never returns
-- into its parent's frames.
local function bind_fork(raw)
  return function(...)
    local child = settle(raw(...))
    if child then return child end
    local body = select(select("#", ...), ...)
    internal.finish(xpcall(body, internal.catch))
  end
end

-- Undoes the creation of the handle, once, and only in the process that created it. In a forked child only
-- the child's copies of the descriptors are closed: a pipe ends when all copies are closed.
local function close(handle, failure)
  if handle.kept then return end
  local done = handle.closed or handle.owner ~= internal.generation()
  handle.closed = true
  local ok, err = true, nil
  if done then
    -- A child that was waited for still has its pidfd open.
    ok = true
  elseif handle.kind == "child" then
    ok, err = pcall(tiny.reap, handle)
  elseif handle.undo then
    ok, err = pcall(tiny[handle.undo[1]], table.unpack(handle.undo, 2))
  end
  internal.close(handle.fd)
  internal.close(handle.report)
  internal.close(handle.resource)
  -- It no longer needs to be undone after a crash.
  if ok and not done and handle.recorded then handle.recorded() end
  if ok then return end
  -- A failing clean-up is reported after the cause and never replaces it.
  if failure == nil then error(err, 0) end
  if internal.is_error(failure) then
    failure.cleanup = failure.cleanup or {}
    table.insert(failure.cleanup, tostring(err))
  else
    io.stderr:write("while cleaning up: ", tostring(err), "\n")
  end
end

local function keep(handle)
  if handle.ends_with_parent then
    tiny.fail { message = "keep: the child ends with this process", hint = "create it with tiny.clone({ outlives = true }, f)", usage = true }
  end
  handle.kept = true
  if handle.recorded then handle.recorded() end
  return handle
end

-- The metatables of the handles by kind, each created with the first handle of its kind.
local handles = setmetatable({}, { __index = function(handles, kind)
  local index = { close = close, keep = keep }
  local methods, old = internal.methods(kind)
  for name, primitive in pairs(methods) do index[name] = tiny[primitive] end
  -- Old names work, and are not listed.
  if old then setmetatable(index, { __index = function(_, name) return old[name] and tiny[old[name]] end }) end
  local made = { __index = index, __close = close, __name = kind, __tostring = internal.brief }
  handles[kind] = made
  return made
end })

-- A primitive is bound when its name is first used, and is a plain field from then on. An old name leads to its new one.
setmetatable(tiny, {
  __index = function(_, name)
    local raw, forks, now = internal.primitive(name)
    if not raw then return now and tiny[now] end
    local bound = forks and bind_fork(raw) or bind(raw)
    tiny[name] = bound
    return bound
  end,
  __pairs = function()
    for _, name in ipairs(internal.names()) do local _ = tiny[name] end
    return next, tiny
  end,
})

-- Only text is loaded: Lua does not verify bytecode, which can crash it or take control of it.
local load_any, loadfile_any, gsub = load, loadfile, string.gsub
local function as_text(mode)
  if mode == nil then return "t" end
  return type(mode) == "string" and (gsub(mode, "b", "")) or mode
end
function load(chunk, name, mode, ...)
  return load_any(chunk, name, as_text(mode), ...)
end

-- A container's file is not loaded either: it would run with the privileges of this process.
local function load_file(path, mode, ...)
  if path and internal.elsewhere() then
    return nil, ("%s cannot be loaded: this process has changed its root, which may be a container's"):format(path)
  end
  return loadfile_any(path, as_text(mode), ...)
end
loadfile = load_file
function dofile(path)
  local chunk, wrong = load_file(path)
  if not chunk then error(wrong, 0) end
  return chunk()
end

-- The C library would read the time zone and locales from the container's files, so UTC and "C" are used there.
for _, name in ipairs { "date", "time" } do
  local f = os[name]
  os[name] = function(...)
    if not internal.elsewhere() then return f(...) end
    return settle(internal.in_utc(pcall, f, ...))
  end
end
local setlocale = os.setlocale
function os.setlocale(locale, ...)
  if locale and locale ~= "C" and internal.elsewhere() then return nil end
  return setlocale(locale, ...)
end

-- The kernel keeps only eight bits of an exit status.
local function is_status(value)
  local number = type(value) == "number" and math.tointeger(value)
  return number and number >= 0 and number <= 255
end
local exit = os.exit
function os.exit(status, ...)
  if status == nil or type(status) == "boolean" or is_status(status) then return exit(status, ...) end
  error(("os.exit: %s is not an exit status from 0 to 255"):format(tostring(status)), 2)
end

-- Calls f; returns its results, or nil and the error value.
local function keep_results(ok, ...)
  if ok then return ... end
  return nil, (...)
end
function tiny.try(f, ...)
  return keep_results(xpcall(f, internal.catch, ...))
end

-- Throws an error value: fail("no container %s", id) or fail { message = …, hint = …, exit = 125 }.
-- A single message is not a format string: another program's text may contain a %.
function tiny.fail(what, ...)
  if type(what) ~= "table" then
    what = { message = select("#", ...) > 0 and string.format(what, ...) or tostring(what) }
  elseif what.exit ~= nil and not is_status(what.exit) then
    error(("fail: exit: %s is not an exit status from 0 to 255"):format(tostring(what.exit)), 2)
  end
  error(setmetatable(what, internal.error_meta), 0)
end

return handles
