-- The layers of a container's root, topmost first, and which of them a file comes from.
local layers = {}

-- The steps that made an image's layers, by layer; empty if its configuration is no longer there.
local function steps_of(from)
  local local_image, store = require "tiny.images.local_image", require "tiny.images.store"
  local text = tiny.try(store.read_blob, from.id)
  local found = text and tiny.try(require("tiny.images.config").parse, text, "the configuration", #from.layers)
  local by_layer = {}
  for _, step in ipairs(found and local_image.history(found, #from.layers) or {}) do
    if step.layer then by_layer[step.layer] = step.created_by end
  end
  return by_layer
end

-- The stack of a container with an image: { writable = true, path, bytes } for its changes, then { diff_id, path, bytes, created_by } for
-- each layer; nil without an image.
function layers.of(container)
  local from = container.config.from_image
  if not from then return nil end
  local store, upper = require "tiny.images.store", container.dir .. "/upper"
  local list = { { writable = true, path = upper, bytes = require "tiny.base.tree_size"(upper) or 0 } }
  local sizes, steps = require("tiny.images.layers").sizes(from.layers), steps_of(from)
  for at = #from.layers, 1, -1 do
    local id = from.layers[at]
    table.insert(list, { diff_id = id, path = store.layer(id), bytes = sizes[id], created_by = steps[at] })
  end
  return list
end

-- What a directory of a layer has at a path: "file" (of any kind), "whiteout" (it is deleted) or nil.
local function look(folder, path)
  local root <close> = folder and tiny.try(tiny.open_root, folder) or nil
  local found = root and tiny.try(tiny.stat, path, { root = root, nofollow = true })
  if not found then return nil end
  return found.kind == "char" and found.rdev == 0 and "whiteout" or "file"
end

-- The layers of a stack that have something at a path, topmost first: { layer, number (from below, of image layers), what }.
function layers.with(stack, path)
  local text = require("tiny.base.rootless").ask(function()
    local found = {}
    for at, layer in ipairs(stack) do found[at] = look(layer.path, "." .. path) or "-" end
    return table.concat(found, " ")
  end)
  local list, seen, at = {}, {}, 0
  for what in text:gmatch("%S+") do
    at = at + 1
    local layer = stack[at]
    -- A layer that is there several times counts once.
    if what ~= "-" and not seen[layer.path] then
      seen[layer.path] = true
      table.insert(list, { layer = layer, number = #stack - at + 1, what = what })
    end
  end
  return list
end

return layers
