-- A command that writes or removes a name is killed before each of its calls: afterwards the name has the old or the new image, no
-- name is damaged, and the command succeeds when it is repeated.
local check = require "check"
local maker = require "image_maker"
local store = require "tiny.images.store"

local NAME = "docker.io/library/name:latest"
local old = maker.image("old", { { name = "base", ["etc/a"] = "a" } }, { Cmd = { "old" } })
local new = maker.image("new", { { name = "base" } }, { Cmd = { "new" } })

local function image_of_name()
  local damaged = select(2, store.refs())
  check.equal(#damaged, 0, damaged[1] and damaged[1].damage)
  local image = store.read_ref(NAME)
  return image and image.config
end

-- Walks a command; `before` prepares each attempt, and the name must then have one of the images in `allowed`.
local function walk(before, allowed, last, ...)
  local call = 1
  while true do
    before()
    local there = check.killed(call, ...)
    local now = image_of_name()
    check.equal(now == allowed[1] or now == allowed[2], true, ("after call %d: %s"):format(call, tostring(now)))
    if not there then break end
    check.succeeds "images"
    check.run { ... }
    check.equal(image_of_name(), last, "repeated after call " .. call)
    call = call + 1
  end
  assert(call > 5, "the walk ended early")
  return call - 1
end

local points = walk(function() store.remove_ref(NAME) end, { nil, new.config }, new.config, "tag", "new", "name")
points = points + walk(function() store.write_ref(NAME, old) end, { old.config, new.config }, new.config, "tag", "new", "name")
points = points + walk(function() store.write_ref(NAME, old) end, { old.config, nil }, nil, "rmi", "--no-prune", "name")
print("fault points walked: " .. points)
