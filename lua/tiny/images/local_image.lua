-- Images of the store, with their configuration: what commands and containers need to know of one.
local config = require "tiny.images.config"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local local_image = {}

-- The name of an image as people write it.
function local_image.familiar(image)
  return (reference.shown(image.name))
end

-- The checked configuration of an image, and its text.
function local_image.config(image)
  local name = local_image.familiar(image)
  local text = store.read_blob(image.config) or tiny.fail {
    message = ("the image store is damaged: the configuration of %s is missing"):format(name), hint = "`tinylua pull` fetches it again", exit = 125,
  }
  local found = config.parse(text, ("the configuration of %s"):format(name), #image.layers)
  for at, layer in ipairs(image.layers) do
    if layer.diff_id ~= found.diff_ids[at] then
      tiny.fail { message = ("the image store is damaged: %s has other layers than its configuration says"):format(name), hint = "`tinylua pull` restores it", exit = 125 }
    end
  end
  return found, text
end

-- The ids of an image's layers in the store, from the lowest up; at most `count`.
function local_image.layer_ids(image, count)
  local ids = {}
  for at = 1, count or #image.layers do ids[at] = store.layer_id(image.layers[at]) end
  return ids
end

-- The whole name of a text, if the store has that name, damaged or not. A name without a registry may be that of a search registry.
function local_image.named(text)
  local ref = tiny.try(reference.parse, text)
  if not ref or ref.transport then return nil end
  local full = reference.full(ref)
  if store.has_ref(full) then return full end
  for _, other in ipairs(ref.short and require("tiny.images.registries").candidates(ref) or {}) do
    full = reference.full(other)
    if store.has_ref(full) then return full end
  end
end

-- The image of a name or id; nil if the store does not have it.
function local_image.look(text)
  local image = store.find_one(text)
  local full = not image and local_image.named(text)
  return full and store.read_ref(full) or image
end

-- The image of a name or id; fails if the store does not have it.
function local_image.find(text)
  local image = local_image.look(text)
  if image then return image end
  reference.parse(text)
  tiny.fail { message = ("no such image: %s"):format(tiny.show(text)), hint = "`tinylua images` lists them; `tinylua pull` fetches one", exit = 125 }
end

-- The steps of a configuration's history, the oldest first, each with the number of the layer that it made. An image without a history
-- still has layers. count: how many.
function local_image.history(found, count)
  local list, at = {}, 0
  for i = 1, #found.history > 0 and #found.history or count do
    local step = found.history[i] or {}
    at = at + (step.empty and 0 or 1)
    list[i] = {
      created = step.created, created_by = step.created_by or "", comment = step.comment or "", layer = not step.empty and at <= count and at or nil,
    }
  end
  return list
end

-- The containers that were made from each image, by the digest of its manifest: lists of { id, name, running }.
function local_image.users()
  local by = {}
  for _, container in ipairs(require("tiny.store.records").list { "name", "from_image" }) do
    local from = container.config.from_image
    if from and from.manifest then
      by[from.manifest] = by[from.manifest] or {}
      table.insert(by[from.manifest], { id = container.id, name = container.config.name, running = container.state.status == "running" })
    end
  end
  return by
end

return local_image
