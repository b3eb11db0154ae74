-- Relative host paths in a container's spec begin at the directory of the recipe that returned it, wherever it is run.
local values = require "tiny.spec.values"

local recipe_paths = {}

local function same(a, b)
  return a ~= nil and b ~= nil and a.dev == b.dev and a.ino == b.ino
end

-- A path without `.` and, unless a link precedes it, `..`: the same directory always has the same name here.
local function plain(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    local above = parts[#parts]
    local s = part == ".." and above and above ~= ".." and tiny.stat("/" .. table.concat(parts, "/"), { follow = false })
    if s and s.kind == "dir" then table.remove(parts) elseif part ~= "." then table.insert(parts, part) end
  end
  return "/" .. table.concat(parts, "/")
end

-- The absolute path; warns if the same path also exists below the working directory, and is another file.
local function placed(folder, path, key)
  if path == "" or path:sub(1, 1) == "/" then return path end
  local rest = path:gsub("^%./+", "")
  local found, other = plain(folder .. "/" .. rest), values.absolute(rest)
  local here = tiny.stat(other)
  if here and not same(here, tiny.stat(found)) then
    require("tiny.format").note("%s: %s is %s, next to the recipe, and not %s", key, tiny.show(path), found, other)
  end
  return found
end

-- A copy of a list, with each item converted.
local function each(list, f)
  if type(list) ~= "table" then return list end
  local copy = {}
  for key, item in pairs(list) do copy[key] = f(item) end
  return copy
end

-- Whether a source is a volume's name; says so if a directory of this name is next to the recipe.
local function is_volume(folder, source, declared)
  if not values.is_volume(source) then return false end
  if not (declared or {})[source] and tiny.stat(folder .. "/" .. source) then
    require("tiny.format").note("volumes: %s is a named volume; for %s/%s, next to the recipe, write ./%s", tiny.show(source), folder, source, source)
  end
  return true
end

-- Converts the paths of a spec, which may not have been checked yet. path: the recipe's file; declared: the volumes of its
-- topology, by name.
function recipe_paths.resolve(spec, path, declared)
  local folder = plain(values.absolute(path):match("^(.*)/[^/]*$"))
  -- A shipped recipe has no directory; from the recipe's own directory, paths are right as they are.
  if not tiny.stat(path) or same(tiny.stat(folder), tiny.stat(".")) then return end
  local function at(text, key) return placed(folder, text, key) end
  if type(spec.rootfs) == "string" then spec.rootfs = at(spec.rootfs, "rootfs") end
  spec.volumes = each(spec.volumes, function(text)
    local source, rest = tostring(text):match("^([^:]+)(:.*)$")
    if not source or is_volume(folder, source, declared) then return text end
    return at(source, "volumes") .. rest
  end)
  spec.cow = each(spec.cow, function(item)
    if type(item) ~= "table" then return at(tostring(item), "cow") end
    item = each(item, function(value) return value end)
    if type(item.source) == "string" then item.source = at(item.source, "cow") end
    return item
  end)
  spec.mounts = each(spec.mounts, function(mount)
    if type(mount) == "table" then
      mount = each(mount, function(value) return value end)
      if type(mount.source) == "string" and (mount.type == "bind" or mount.type == "cow") then mount.source = at(mount.source, "mounts") end
      return mount
    end
    local before, source, rest = ("," .. tostring(mount)):match("^(.*,so?u?rce?=)([^,]*)(.*)$")
    local bind = ("," .. tostring(mount) .. ","):find(",type=bind,", 1, true)
    return source and bind and (before .. at(source, "mounts") .. rest):sub(2) or mount
  end)
  spec.security_opt = each(spec.security_opt, function(text)
    local before, profile = tostring(text):match("^(seccomp[=:])(.+)$")
    if not profile or profile == "unconfined" or profile == "default" then return text end
    return before .. at(profile, "security_opt")
  end)
  local learn = type(spec.seccomp) == "table" and spec.seccomp.learn
  if type(learn) == "string" then
    spec.seccomp = each(spec.seccomp, function(value) return value end)
    spec.seccomp.learn = at(learn, "seccomp: learn")
  end
  if type(spec.network) == "string" and spec.network:match("^ns:") then spec.network = "ns:" .. at(spec.network:sub(4), "network") end
end

return recipe_paths
