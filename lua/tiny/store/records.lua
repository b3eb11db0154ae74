-- Lists and finds the store's containers. `recover`, if given, is called with each busy or damaged container; it returns the
-- container's new state, or nil if the container no longer exists.
local record_files = require "tiny.store.record_files"
local state = require "tiny.store.state"

local records = {}

local FILES = { "config.json", "state.json" }
-- A record without these is damaged, and it is unknown how to handle it.
local NEEDED = { "id", "status", "created_at", "version" }

local function container_of(id, files, data, run)
  local config, current = record_files.whole(files["config.json"], "id"), record_files.whole(files["state.json"], "status")
  local misshapen = config and current and (record_files.misshapen("config.json", config) or record_files.misshapen("state.json", current))
  if config and current and not misshapen then
    return { id = id, dir = data .. id, run = run .. id, config = config, state = current }
  end
  -- Reading it again finds the reason.
  return #id == 12 and state.load(id) or nil
end

-- Every container, oldest first. keys: the keys of config and state that the caller needs, which is faster; nil for all.
function records.list(keys, recover)
  local data, run = state.roots()
  local folder, order, by = data .. "/containers", {}, {}
  local only = keys and table.move(NEEDED, 1, #NEEDED, #keys + 1, { table.unpack(keys) })
  local found = tiny.read_json_files(folder, FILES, only and { keys = only }) or {}
  folder, run = folder .. "/", run .. "/"
  for id, files in pairs(found) do
    local container = container_of(id, files, folder, run)
    -- Containers at rest need no recovery.
    if recover and container and (container.damage or state.busy(container)) then container = recover(container) end
    if container then
      -- Plain strings are sorted without calling a function for each comparison.
      local place = (container.config.created_at or "") .. "\0" .. id
      order[#order + 1], by[place] = place, container
    end
  end
  table.sort(order)
  for i, place in ipairs(order) do order[i] = by[place] end
  return order
end

local function as_it_is(container) return container end

-- Finds a container by its name, its id, or a unique beginning of its id.
function records.find(ref, recover)
  recover = recover or as_it_is
  if not ref:match("^[%w][%w_.-]*$") then
    tiny.fail { message = ("%q is not a valid container name or id"):format(ref), hint = "`tinylua ps -a` lists them" }
  end
  local data = state.roots()
  local named = tiny.try(tiny.read_file, data .. "/names/" .. ref)
  local found = named and state.load(named) or (#ref == 12 and ref:match("^%x+$") and state.load(ref))
  found = found and recover(found)
  if found then return found end
  local matches = {}
  for _, id in ipairs(ref:match("^%x+$") and tiny.list_dir(data .. "/containers") or {}) do
    if id:sub(1, #ref) == ref then table.insert(matches, id) end
  end
  if #matches == 1 then return recover(state.load(matches[1])) end
  if #matches > 1 then
    tiny.fail { message = ("%q is the beginning of several ids: %s"):format(ref, table.concat(matches, ", ")), hint = "write more of it" }
  end
  tiny.fail { message = ("no such container: %q"):format(ref), hint = "`tinylua ps -a` lists them" }
end

return records
