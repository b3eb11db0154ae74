-- Copies files between the host and containers, by the rules of cp and docker. A container's side is a root handle, and all its
-- paths are resolved within that: its links never lead to the host, whatever the container does meanwhile.
local state = require "tiny.state"

local copy = {}

local function wrong(message, hint, exit)
  tiny.fail { message = message, hint = hint, exit = exit or 125 }
end

-- Parses "NAME:PATH", a host path, or "-". Text that begins with / or . is a path, like with docker.
function copy.side(text)
  if text == "-" then return { stream = true, shown = "-" } end
  local name, path = text:match("^([^:/.][^:/]*):(.*)$")
  if text == "" then wrong("a file name is empty", nil, 2) end
  if not name then return { path = text, shown = text } end
  if path == "" then wrong(("%q names no file in the container"):format(text), ("%s:/ is its root"):format(name), 2) end
  return { name = name, path = path:match("^/") and path or "/" .. path, shown = text }
end

-- The root of a running container. The pidfd shows that the pid was still the container's when the root was opened.
function copy.running_root(container)
  local first <close> = state.process(container)
  local process = first
  if first and container.config.userns then process = require("tiny.pipeline.userns").shown(first, container.config) end
  local root = process and tiny.try(tiny.open_root, ("/proc/%d/root"):format(process.pid))
  if not root or not tiny.try(function() tiny.kill(process, 0) return true end) then
    wrong(container.config.name .. " has just ended", "try again: the files of an ended container can be copied too")
  end
  return root
end

-- The root of a stopped container, as its next start would see it. Called in a separate mount namespace, whose end removes the
-- mounts.
local function stopped_root(container, spec)
  local ctx = { dir = container.dir, run = container.run, spec = spec, rootless = spec.userns == "own" or nil }
  if spec.steps and spec.steps.rootfs then spec.steps.rootfs(ctx) else
    local rootfs = require "tiny.pipeline.rootfs"
    rootfs.prepare(ctx) -- a created container has not been started yet
    ctx.root = rootfs.mount(ctx)
  end
  for _, mount in ipairs(spec.mounts or {}) do
    -- A tmpfs is empty in the next start, and files copied into this one would be lost.
    if mount.type ~= "tmpfs" then require("tiny.pipeline.volumes").mount(ctx, mount) end
  end
  return ctx.root
end

-- Finds the side's container, and prevents the start of a stopped one meanwhile.
local function find(side, held)
  if not side.name then return end
  -- A container that is being started has not left the host's root yet.
  local container = state.ready(state.find(side.name))
  side.container = container
  if container.state.status == "running" then return end
  if not held[container.id] then held[container.id] = state.try_alive(container) end
  if not held[container.id] then
    wrong(("%s is %s, and in use by another command"):format(container.config.name, container.state.status), "try again when that has ended")
  end
  -- This process reads the spec, not one in a user namespace, which has another uid.
  side.stopped, side.spec = true, require("tiny.supervisor.lifecycle").spec_of(container)
end

-- A folder that contains the container's own files would be copied into itself endlessly.
local function check_loop(from, to)
  local source = from.path and not from.name and to.name and tiny.stat(from.path)
  if not source or source.kind ~= "dir" then return end
  local function same(a, b) return a.dev == b.dev and a.ino == b.ino end
  local rootfs, top = to.container.config.rootfs, tiny.stat("/")
  for _, path in ipairs { to.container.dir, rootfs ~= "host" and rootfs or nil } do
    local above
    repeat
      above = tiny.stat(path)
      if above and same(above, source) then
        wrong(("%s contains the container's own files, and cannot be copied into it"):format(from.shown), "copy its files one by one")
      end
      path = path .. "/.."
    until not above or same(above, top)
  end
end

local function look(side, path, follow)
  return tiny.stat(path or side.path, { root = side.root, follow = follow })
end

local function parts(path)
  local trimmed = path:gsub("/+$", "")
  return trimmed:match("^(.-)/*([^/]*)$")
end

-- The last name of a source; nil if its contents are meant, or there is none.
local function last_name(path)
  local _, name = parts(path)
  if name ~= "" and name ~= "." and name ~= ".." then return name end
end

-- The copy's path, depending on what exists: a name in a folder, the file itself, or a new name.
local function target(from, to, source)
  local there = look(to, to.path, true)
  local contents = from.path:match("/%.$") or from.path == "."
  if there and there.kind == "dir" then
    local name = not contents and last_name(from.path)
    return name and to.path:gsub("/+$", "") .. "/" .. name or to.path
  end
  if there and source.kind == "dir" then
    wrong(("%s is a %s: the directory %s is not copied over it"):format(to.shown, there.kind, from.shown), "name a directory, or a new name")
  end
  if not there and to.path:match("/$") and source.kind ~= "dir" then
    wrong(("the directory %s does not exist"):format(to.shown), "omit the trailing / to copy to that name")
  end
  local above = parts(to.path)
  above = above == "" and (to.path:match("^/") and "/" or ".") or above
  local folder = look(to, above, true)
  if not folder then wrong(("the directory of %s does not exist"):format(to.shown), "create it first") end
  if folder.kind ~= "dir" then wrong(("the parent of %s is a %s, not a directory"):format(to.shown, folder.kind)) end
  return (to.path:gsub("/+$", ""))
end

local function source_of(from, follow)
  local source = look(from, from.path, follow or from.path:match("/%.?$") ~= nil)
  if not source then wrong(("%s does not exist"):format(from.shown)) end
  return source
end

-- Shows the progress on a terminal if the copy takes longer.
local function progress(quiet)
  if quiet or not tiny.isatty(2) then return nil, function() end end
  local begin, shown = tiny.clock("monotonic"), false
  return function(bytes)
    if tiny.clock("monotonic") - begin < 1 then return end
    shown = true
    io.stderr:write(("\rcopied %.1f MiB \27[K"):format(bytes / (1 << 20)))
  end, function()
    if shown then io.stderr:write("\r\27[K") end
  end
end

-- Copies, with both roots open.
local function transfer(from, to, options)
  local tell, quiet_again = progress(options.quiet or from.stream and tiny.isatty(0))
  local function act()
    if from.stream then
      local there = look(to, to.path, true)
      if not there or there.kind ~= "dir" then wrong(("%s is not a directory: an archive is unpacked into one"):format(to.shown), "create it first") end
      return tiny.tar_unpack(to.path, { root = to.root, from = tiny.stdio(0), archive = options.archive, progress = tell })
    end
    local source = source_of(from, options.follow_link)
    if to.stream then
      local name = last_name(from.path) or "."
      return tiny.tar_pack(from.path, { root = from.root, to = tiny.stdio(1), name = name, follow = options.follow_link, progress = tell })
    end
    return tiny.copy_tree(from.path, target(from, to, source), {
      from_root = from.root, to_root = to.root, follow = options.follow_link, archive = options.archive, progress = tell,
      -- Like setuid bits, capabilities of a container's file do not become the host's unasked.
      capabilities = to.name ~= nil,
    })
  end
  local done, err = tiny.try(act)
  quiet_again()
  if done then return done end
  if err.op and err.code and not err.usage then
    err = { message = ("cannot copy %s to %s: %s"):format(from.shown, to.shown, err.message), hint = err.hint, exit = 125, code = err.code }
    tiny.fail(err)
  end
  error(err, 0)
end

-- The ids of root in the running container that root copies into; nil if they are root's own.
local function owner_of(side)
  if not side.root or side.stopped or not side.name or not side.container.config.userns then return nil end
  local userns = require "tiny.pipeline.userns"
  local process <close> = state.process(side.container)
  local namespace <close>, maps = userns.of(process or wrong(side.container.config.name .. " has just ended"))
  return userns.root_of(maps)
end

-- Copies; from and to are sides. options: archive, follow_link, quiet. Returns what was copied.
function copy.run(from, to, options)
  if from.stream and to.stream then wrong("both sides are -", "name a container's file on one side", 2) end
  if not (from.name or to.name) then
    wrong("neither side is in a container", "write a file in a container as CONTAINER:PATH", 2)
  end
  if to.stream and tiny.isatty(1) then wrong("an archive is not written to a terminal", "append `> FILE.tar` or `| tar -x`", 2) end
  local held = {}
  find(from, held)
  find(to, held)
  check_loop(from, to)
  for _, side in ipairs { from, to } do
    if side.name and not side.stopped then side.root = copy.running_root(side.container) end
  end
  local function work()
    for _, side in ipairs { from, to } do
      if side.stopped then side.root = stopped_root(side.container, side.spec) end
    end
    return transfer(from, to, options)
  end
  local rootless = require("tiny.base.rootless").is()
  local owner = not rootless and owner_of(to)
  if not next(held) and not rootless and not owner then return work() end
  local done = { tiny.pipe() }
  -- In rootless mode, the container's files belong to its users, which are this user's only in an equal user namespace.
  local own <close> = rootless and tiny.userns((require("tiny.base.rootless").own_maps())) or nil
  local child <close> = tiny.clone({ mount = true, user = own }, function()
    tiny.mount_private("/")
    if owner then require("tiny.pipeline.userns").own(owner) end
    local result = work()
    done[2]:write(tiny.json_encode(result))
  end)
  done[2]:close()
  local text = done[1]:read()
  child:wait()
  for _, lock in pairs(held) do lock:close() end
  return tiny.json_decode(text)
end

return copy
