-- The file system of a plan: the host's files, and above them what the plan has written, created or removed. A fake directory
-- handle is resolved to the host directory that it shows.
local fake_handles = require "tiny.dev.plan.fake_handles"

local Files = {}
Files.__index = Files

function Files.new()
  return setmetatable({ written = {}, shows = {} }, Files)
end

local function absolute(path)
  if path:sub(1, 1) == "/" then return path end
  return (tiny.readlink("/proc/self/cwd"):gsub("/$", "")) .. "/" .. path
end

local function joined(folder, path)
  local plain = ("%s/%s"):format(folder, path):gsub("/+%./", "/"):gsub("/+%.?$", ""):gsub("//+", "/")
  return plain == "" and "/" or plain
end

-- The path in the plan's tree: the root's own place and the path below it.
function Files:place(path, root)
  if fake_handles.is(root) then return joined(root.path or "/", path) end
  return joined(type(root) == "string" and absolute(root) or "", root and path or absolute(path))
end

-- The host path that a place shows, or nil if unknown. A mount shows its source.
function Files:real(place)
  local best
  for target, from in pairs(self.shows) do
    if (target == "/" or place == target or place:sub(1, #target + 1) == target .. "/") and (not best or #target > #best) then best = target end
  end
  if not best then return place end
  local from = self.shows[best]
  return from and joined(from, place:sub(best == "/" and 1 or #best + 1)) or nil
end

-- Records that a place shows a host directory; false: a new, empty one.
function Files:show(place, from) self.shows[place] = from end

-- The plan's own file at a path: its content, false if it was removed, nil if it is the host's.
function Files:planned(path, root) return self.written[self:place(path, root)] end

function Files:put(path, root, what) self.written[self:place(path, root)] = what end

-- Calls a reading primitive with the host path; nil if unknown.
function Files:read(primitive, path, options)
  local real = self:real(self:place(path, options and options.root))
  if not real then return nil end
  local plain = {}
  for key, value in pairs(options or {}) do
    if key ~= "root" then plain[key] = value end
  end
  return primitive(real, plain)
end

-- After pivot_root: the new root's place becomes /; returns that place.
function Files:pivot(path)
  local place = self:place(path)
  local shows = {}
  for target, from in pairs(self.shows) do
    if target == place or target:sub(1, #place + 1) == place .. "/" then shows[joined("/", target:sub(#place + 1))] = from end
  end
  if shows["/"] == nil then shows["/"] = self:real(place) end
  self.shows = shows
  return place
end

return Files
