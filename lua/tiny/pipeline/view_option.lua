-- --view: one more folder of the host in the throwaway view of it. What the kernel or another program keeps under a
-- name that programs trust is refused, and so is what is ours.
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

-- The path itself and what is above it, but for the root.
local function upward(path)
  local list = {}
  while path and path ~= "" do
    table.insert(list, path)
    path = path:match("^(.*)/[^/]+$")
  end
  return list
end

-- Each part is a folder: a link would lead to another place than the one that is named.
local function check_parts(path)
  local list = upward(path)
  for i = #list, 1, -1 do
    local s = tiny.try(tiny.stat, list[i], { follow = false })
    if not s then wrong(path, "does not exist") end
    if s.kind == "link" then wrong(path, ("leads over the link %s"):format(list[i]), "name the folder itself: " .. (tiny.readlink(list[i]))) end
    if s.kind ~= "dir" then wrong(path, ("is no folder: %s is a %s"):format(list[i], s.kind), "-v shows single files") end
    local needed = i == 1 and 5 or 1
    if s.mode & needed ~= needed then
      wrong(path, ("is not for everyone to read: see the mode of %s"):format(list[i]), "the view shows what any user of the host may read; -v shows the rest")
    end
  end
end

-- Whether a folder is the top of a store, ours or another's.
local function is_store(path)
  local function is_dir(name)
    local s = tiny.try(tiny.stat, path .. name, { follow = false })
    return s ~= nil and s.kind == "dir"
  end
  return is_dir "/containers" and is_dir "/names"
end

local function check_stores(path)
  local hint = "no container sees the files of others"
  local shown, top = tiny.stat(path), tiny.stat("/")
  local stores = { "/var/lib/tinylua", "/run/tinylua", state.roots() }
  for _, above in ipairs(upward(path)) do
    if is_store(above) then wrong(path, ("lies in a folder of tinylua's state: %s"):format(above), hint) end
  end
  for _, store in ipairs(stores) do
    local s = tiny.stat(store)
    for _, above in ipairs(upward(path)) do
      if above == store or same(s, tiny.stat(above)) then wrong(path, ("lies in a folder of tinylua's state: %s"):format(store), hint) end
    end
    local above, at = s, store
    -- By folders, not by names: a link may lead to the store.
    while above and not same(above, top) do
      if same(above, shown) then wrong(path, ("contains tinylua's state: %s"):format(store), hint) end
      at = at .. "/.."
      above = tiny.stat(at)
    end
    if below(store, path) then wrong(path, ("contains tinylua's state: %s"):format(store), hint) end
  end
end

-- Checks the key `view` and puts it in its final form.
function view_option.check(asked)
  if asked.rootfs then
    tiny.fail { message = "view: a container with a rootfs has no view of the host", hint = "-v shows a folder of the host in it", exit = 125 }
  end
  for i, path in ipairs(asked.view) do
    local plain = path:gsub("/+", "/"):gsub("(.)/$", "%1")
    if plain:sub(1, 1) ~= "/" then wrong(path, "does not begin with /") end
    if (plain .. "/"):find("/%.%.?/") then wrong(path, 'has a part "." or ".."') end
    if plain:find("*", 1, true) then wrong(path, 'has a "*"', "-v shows a folder of any name") end
    if plain == "/" then wrong(path, "is the host's own root", "the view shows a part of it: name what is to be added") end
    for _, folder in ipairs(KERNELS) do
      if below(plain, folder) then wrong(path, ("lies in %s, of which the container has its own"):format(folder), "-v shows a folder of the host at another place") end
    end
    check_parts(plain)
    check_stores(plain)
    asked.view[i] = plain
  end
end

return view_option
