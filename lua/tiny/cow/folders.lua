-- Copy-on-write folders: `--cow DIR[:TARGET]`. The container sees a folder of the host through an overlay; what it changes is in
-- a directory of its own, `cow/N`, until it is applied to the folder or discarded. They are mounts of the type "cow":
--   { type = "cow", source = DIR, target = TARGET, folder = N }
local format = require "tiny.format"
local state = require "tiny.store.state"
local values = require "tiny.spec.values"

local folders = {}

local PRIVATE = tonumber("700", 8)

-- File systems of the kernel, whose files are no folder of the user's.
local OF_KERNEL = { proc = true, sysfs = true, cgroup = true, cgroup2 = true, devpts = true, devtmpfs = true, mqueue = true, autofs = true }

-- What happens to the changes at the end.
local AT_EXIT = { commit = true, discard = true, keep = true, ask = true }

-- The symbolic links in a path that are followed (path_resolution(7)).
local MOST_LINKS = 40

local function wrong(path, what, hint)
  values.wrong(("cow: %s: %s"):format(tiny.show(path), what), hint)
end

-- The path without links, `.` and `..`; the record and the checks have one name for each folder.
local function real(path)
  local left, done, links = {}, {}, 0
  local function push(text)
    local parts = {}
    for part in text:gmatch("[^/]+") do table.insert(parts, part) end
    for i = #parts, 1, -1 do table.insert(left, parts[i]) end
  end
  push(values.absolute(path))
  while #left > 0 do
    local part = table.remove(left)
    local here = ("/%s/%s"):format(table.concat(done, "/"), part)
    local s = part ~= "." and part ~= ".." and tiny.stat(here, { follow = false })
    if part == ".." then table.remove(done)
    elseif s and s.kind == "link" then
      links = links + 1
      if links > MOST_LINKS then wrong(path, "it has too many symbolic links") end
      local target = tiny.readlink(here)
      if target:sub(1, 1) == "/" then done = {} end
      push(target)
    elseif part ~= "." then table.insert(done, part) end
  end
  return "/" .. table.concat(done, "/")
end

local function below(path, folder)
  return folder == "/" or path:sub(1, #folder + 1) == folder .. "/"
end

local function overlaps(a, b)
  return a == b or below(a, b) or below(b, a)
end

-- "DIR[:TARGET]" as a mount.
function folders.parse(text)
  local source, target = text:match("^(.-):(/[^:]*)$")
  if not source and text:find(":", 1, true) then
    wrong(text, "not DIR[:/TARGET]", "for a name with a colon: cow = { { source = …, target = … } }, or --mount type=cow,source=…,target=…")
  end
  return { type = "cow", source = source or text, target = target }
end

-- Says which file systems are mounted in the folder: an overlay does not show them. In a user namespace the kernel refuses to leave
-- them out, since they might hide something (mount_namespaces(7)).
local function note_mounts(path)
  local found = {}
  for _, mount in ipairs(tiny.mounts()) do
    if below(mount.target, path) then table.insert(found, tiny.show(mount.target)) end
  end
  if not found[1] then return end
  table.sort(found)
  local more = #found > 3 and (" and %d more"):format(#found - 3) or ""
  local names = table.concat(found, ", ", 1, math.min(3, #found)) .. more
  if require("tiny.base.rootless").is() then
    wrong(path, "file systems are mounted in it, and only root can leave them out: " .. names, "unmount them, or name a folder without mounts")
  end
  format.note("cow: %s: the container does not see what is mounted in it: %s", tiny.show(path), names)
end

-- Refuses folders that are no user's project: the root, the kernel's, and those with the containers' own files.
local function check_source(path)
  if path == "/" then wrong(path, "it is the root of the host", "name the folder that the container works on") end
  local data, run = state.roots()
  for _, own in ipairs { data, run } do
    local at = real(own)
    if path == at or below(path, at) then wrong(path, ("it belongs to tinylua's state in %s"):format(at), "name another folder") end
    if below(at, path) then wrong(path, ("it contains tinylua's state in %s"):format(at), "name a folder below it, or move the state with --root") end
  end
  local inner
  for _, mount in ipairs(tiny.mounts()) do
    local holds = path == mount.target or below(path, mount.target)
    if holds and (not inner or #mount.target >= #inner.target) then inner = mount end
  end
  if inner and OF_KERNEL[inner.fstype] then wrong(path, ("it is on a file system of the kernel (%s)"):format(inner.fstype), "name a folder with files of yours") end
end

-- Checks one, and gives it its final form. `text`: how the user gave it.
function folders.check(mount, text)
  if mount.source == nil or mount.source == "" then wrong(text, "the folder is missing", "such as --cow .:/work") end
  if mount.source:find("%z") then wrong(text, "the folder contains a NUL byte") end
  local s = tiny.stat(mount.source)
  if not s then wrong(mount.source, "it does not exist", "create it first") end
  if s.kind ~= "dir" then wrong(mount.source, ("it is a %s, not a directory"):format(s.kind), "name the directory that contains it") end
  local given = mount.folder ~= nil
  mount.source = real(mount.source)
  mount.target = mount.target or mount.source
  check_source(mount.source)
  if not given then note_mounts(mount.source) end
end

-- Numbers the folders among the mounts, and refuses two of which one contains the other.
function folders.number(mounts)
  local seen = {}
  for _, mount in ipairs(mounts) do
    if mount.type == "cow" then
      for _, other in ipairs(seen) do
        if overlaps(mount.source, other.source) then
          wrong(mount.source, ("%s is a copy-on-write folder too, and one contains the other"):format(other.source), "name only the outer one")
        end
      end
      table.insert(seen, mount)
      mount.folder = #seen
    end
  end
end

-- Checks what is to happen at the end.
function folders.check_exit(asked)
  local word, any = asked.cow_on_exit, false
  if not AT_EXIT[word] then
    values.wrong(("cow_on_exit: unknown word %s"):format(tiny.show(word)), "the words are commit, discard, keep and ask")
  end
  for _, mount in ipairs(asked.mounts or {}) do any = any or mount.type == "cow" end
  if not any then values.wrong(("cow_on_exit: %s: the container has no copy-on-write folder"):format(word), "add one: --cow DIR") end
end

-- The folders of a container: a list of { source, target, place }, where `place` is the directory with its changes.
function folders.of(container)
  local list = {}
  for _, mount in ipairs(container.config.mounts or {}) do
    if type(mount) == "table" and mount.type == "cow" then
      table.insert(list, { source = mount.source, target = mount.target, place = ("%s/cow/%d"):format(container.dir, mount.folder or 0) })
    end
  end
  return list
end

-- Whether any mount is such a folder.
function folders.any(mounts)
  for _, mount in ipairs(mounts or {}) do
    if type(mount) == "table" and mount.type == "cow" then return true end
  end
  return false
end

-- On the host, before the container: creates the directories for the changes.
function folders.prepare(ctx)
  for _, mount in ipairs(ctx.spec.mounts) do
    if mount.type == "cow" then
      local place = ("%s/cow/%d"):format(ctx.dir, mount.folder)
      tiny.mkdir(place, { parents = true, mode = PRIVATE })
      for _, name in ipairs { "lower", "own" } do
        if not tiny.stat(place .. "/" .. name) then tiny.mkdir(place .. "/" .. name) end
      end
      local function make() tiny.cow_make(place, mount.source, { userxattr = ctx.rootless or false }) end
      local _, err = tiny.try(make)
      -- Files of the container's users belong to other ids.
      if err and ctx.rootless and (err.code == "EACCES" or err.code == "EPERM") then require("tiny.base.rootless").apart(make)
      elseif err then error(err, 0) end
    end
  end
end

-- In the container: mounts one below its root.
function folders.mount(ctx, mount)
  local place = ("%s/cow/%d"):format(ctx.dir, mount.folder)
  local lower, own = mount.source, place
  -- As root, with a user namespace: files have the same ids in it as on the host.
  local idmap = not ctx.rootless and ctx.userns or nil
  if idmap then
    lower, own = place .. "/lower", place .. "/own"
    tiny.mount_bind(mount.source, lower, { recursive = false, idmap = idmap })
    tiny.mount_bind(place, own, { recursive = false, idmap = idmap })
  end
  local made, err = tiny.try(tiny.mount_overlay, mount.target, {
    root = ctx.root, create = true, lower = { lower }, upper = own .. "/upper", work = own .. "/work", whole = true,
    userxattr = ctx.rootless or false, nosuid = true, nodev = true,
  })
  if made then return end
  if err.code == "EINVAL" then err.hint = ("%s, or the state directory, is on a file system that cannot be part of an overlay"):format(mount.source) end
  error(err, 0)
end

return folders
