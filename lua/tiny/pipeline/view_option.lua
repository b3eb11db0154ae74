-- The option --view: adds a host directory to the throwaway view. Directories that the kernel or other programs own under a
-- name that programs trust are refused, and so is tinylua's own state.
local state = require "tiny.store.state"

local view_option = {}

local KERNELS = { "/proc", "/sys", "/dev", "/run" }

local function wrong(path, what, hint)
  tiny.fail { message = ("view: %s %s"):format(tiny.show(path), what), hint = hint, exit = 125 }
end

local function below(path, folder)
  return path == folder or path:sub(1, #folder + 1) == folder .. "/"
end

local function same(a, b)
  return a ~= nil and b ~= nil and a.dev == b.dev and a.ino == b.ino
end

-- The path itself and its ancestors, except the root.
local function upward(path)
  local list = {}
  while path and path ~= "" do
    table.insert(list, path)
    path = path:match("^(.*)/[^/]+$")
  end
  return list
end

-- Checks that each component is a directory: a link would lead elsewhere.
local function check_parts(path)
  local list = upward(path)
  for i = #list, 1, -1 do
    local s = tiny.try(tiny.stat, list[i], { follow = false })
    if not s then wrong(path, "does not exist") end
    if s.kind == "link" then wrong(path, ("contains the symbolic link %s"):format(list[i]), "use the target: " .. (tiny.readlink(list[i]))) end
    if s.kind ~= "dir" then wrong(path, ("is not a directory: %s is a %s"):format(list[i], s.kind), "use -v for single files") end
    local needed = i == 1 and 5 or 1
    if s.mode & needed ~= needed then
      wrong(path, ("is not readable by every user: see the mode of %s"):format(list[i]), "the view shows only what every host user may read; use -v for other directories")
    end
  end
end

-- Whether a directory is the root of a store, ours or another's.
local function is_store(path)
  local function is_dir(name)
    local s = tiny.try(tiny.stat, path .. name, { follow = false })
    return s ~= nil and s.kind == "dir"
  end
  return is_dir "/containers" and is_dir "/names"
end

local function check_stores(path)
  local hint = "containers must not see each other's files"
  local shown, top = tiny.stat(path), tiny.stat("/")
  local stores = { "/var/lib/tinylua", "/run/tinylua", state.roots() }
  for _, above in ipairs(upward(path)) do
    if is_store(above) then wrong(path, ("is inside tinylua's state directory %s"):format(above), hint) end
  end
  for _, store in ipairs(stores) do
    local s = tiny.stat(store)
    for _, above in ipairs(upward(path)) do
      if above == store or same(s, tiny.stat(above)) then wrong(path, ("is inside tinylua's state directory %s"):format(store), hint) end
    end
    local above, at = s, store
    -- Compares directories, not names: a link may lead to the store.
    while above and not same(above, top) do
      if same(above, shown) then wrong(path, ("contains tinylua's state directory %s"):format(store), hint) end
      at = at .. "/.."
      above = tiny.stat(at)
    end
    if below(store, path) then wrong(path, ("contains tinylua's state directory %s"):format(store), hint) end
  end
end

-- Checks and normalizes the key `view`.
function view_option.check(asked)
  if asked.rootfs then
    tiny.fail { message = "view: a container with a rootfs has no view of the host", hint = "use -v to mount a host directory in it", exit = 125 }
  end
  for i, path in ipairs(asked.view) do
    local plain = path:gsub("/+", "/"):gsub("(.)/$", "%1")
    if plain:sub(1, 1) ~= "/" then wrong(path, "must begin with /") end
    if (plain .. "/"):find("/%.%.?/") then wrong(path, 'must not contain "." or ".."') end
    if plain:find("*", 1, true) then wrong(path, 'must not contain "*"', "use -v for such a name") end
    if plain == "/" then wrong(path, "is the host's root", "name the directory to add") end
    for _, folder in ipairs(KERNELS) do
      if below(plain, folder) then wrong(path, ("is in %s, which is the container's own"):format(folder), "use -v to mount it elsewhere") end
    end
    check_parts(plain)
    check_stores(plain)
    asked.view[i] = plain
  end
end

return view_option
