-- `rmi` and `image rm`: removes names of images. The content of an image that has no name and no container any more is garbage.
local format = require "tiny.format"
local local_image = require "tiny.images.local_image"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local remove = {}

remove.options = {
  { "force", short = "f", type = "flag", help = "Remove the image even if it has several names, or a container uses it; containers keep their files" },
  { "no-prune", type = "flag", help = "For scripts written for docker: only the named images are removed" },
}
remove.args = { { "image", many = true, value = "IMAGE", complete = "images", help = "Names, or the beginning of ids" } }

local function fail(message, hint) tiny.fail { message = message, hint = hint, exit = 1 } end

local function check_unused(image, text)
  local users = local_image.users()[image.manifest]
  if not users then return false end
  local names = {}
  for at, user in ipairs(users) do names[at] = at <= 3 and user.name or nil end
  local more = #users > 3 and (" and %d more"):format(#users - 3) or ""
  fail(("%s is used by the container %s%s"):format(text, table.concat(names, ", "), more), "remove that first, or use rmi -f: containers keep their files")
end

-- Removes one name, or with an id all names of the image; returns the lines to print.
function remove.one(text, force)
  local lock <close> = store.lock "shared"
  local full, lines = local_image.named(text), {}
  local image = full and tiny.try(store.read_ref, full)
  if full and not image then
    store.remove_ref(full)
    return { "Untagged: " .. (reference.shown(full)) }
  end
  image = image or local_image.find(text)
  local names, others = {}, 0
  for _, other in ipairs((store.refs {})) do
    if other.manifest == image.manifest then
      if full and other.name ~= full then others = others + 1 else table.insert(names, other.name) end
    end
  end
  if #names > 1 and not force then
    for at, name in ipairs(names) do names[at] = (reference.shown(name)) end
    fail(("%s has several names: %s"):format(text, table.concat(names, ", ")), "remove them one by one, or use rmi -f")
  end
  if others == 0 and not force then check_unused(image, text) end
  for _, name in ipairs(names) do
    if store.remove_ref(name) then table.insert(lines, "Untagged: " .. (reference.shown(name))) end
  end
  if others == 0 and not (force and local_image.users()[image.manifest]) then table.insert(lines, "Deleted: " .. image.config) end
  return lines
end

function remove.run(args)
  local status = 0
  for _, text in ipairs(args.image) do
    local lines, err = tiny.try(remove.one, text, args.force)
    if err then
      status = 1
      format.error(err)
    else
      format.line(table.concat(lines, "\n"))
    end
  end
  if not args.no_prune then require("tiny.images.gc").collect_later() end
  return status
end

return remove
