-- `image mount` and `image umount` are killed before each of their calls: a mounted image keeps its layers, and nothing is left behind.
local check = require "check"
local maker = require "image_maker"

local LAYERS = { { ["etc/a"] = "a" }, { ["etc/b"] = "b" } }
local FOLDER = check.root .. "/images/mounts"

local function mounted()
  local list = {}
  for _, mount in ipairs(tiny.mounts()) do
    if mount.target:sub(1, #FOLDER) == FOLDER then table.insert(list, mount.target) end
  end
  return list
end

local function walk(before, ...)
  local call = 1
  while true do
    maker.image("one", LAYERS, {})
    before()
    local there = check.killed(call, ...)
    -- The names go, and what nothing needs.
    check.succeeds("rmi", "-f", "one")
    check.succeeds "gc"
    for _, target in ipairs(mounted()) do check.equal(tiny.read_file(target .. "/etc/a") .. tiny.read_file(target .. "/etc/b"), "ab", "after call " .. call) end
    check.succeeds("image", "umount", "--all")
    check.succeeds "gc"
    check.equal(#mounted(), 0)
    for _, folder in ipairs { "mounts", "layers", "blobs/sha256", "trash" } do
      for _, name in ipairs(tiny.list_dir(check.root .. "/images/" .. folder) or {}) do check.equal(name, ".lock", ("after call %d: %s"):format(call, folder)) end
    end
    if not there then break end
    call = call + 1
  end
  assert(call > 5, "the walk ended early")
  return call - 1
end

local points = walk(function() end, "image", "mount", "one")
points = points + walk(function() check.succeeds("image", "mount", "one") end, "image", "mount", "one")
points = points + walk(function() check.succeeds("image", "mount", "one") end, "image", "umount", "one")
print("fault points walked: " .. points)
