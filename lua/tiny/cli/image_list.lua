-- `images` and `image ls`: the names of images in the store, and their filters, with docker's meaning.
local format = require "tiny.format"
local local_image = require "tiny.images.local_image"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local list = {}

-- What is read of each ref.
local KEYS = { "index", "size", "created", "platform" }

local function wrong(message, hint) tiny.fail { message = message, hint = hint, exit = 2 } end

-- Docker's shell pattern as a Lua pattern: * and ? match no slash.
local function glob(text)
  if text:find("[][{}\\]") then wrong(("--filter reference=%s: only * and ? are supported"):format(tiny.show(text))) end
  return "^" .. text:gsub("[%^%$%(%)%%%.%+%-]", "%%%0"):gsub("%*", "[^/]*"):gsub("%?", "[^/]") .. "$"
end

local function by_reference(value)
  local pattern = glob(value)
  return function(image)
    local familiar, short = reference.shown(image.name)
    for _, name in ipairs { familiar, short, image.name, reference.repository(image.name) } do
      if name:find(pattern) then return true end
    end
    return false
  end
end

local function by_time(value, later)
  local other = local_image.find(value).created or ""
  return function(image)
    local own = image.created or ""
    return later and own > other or not later and own < other
  end
end

-- For each key, a function that makes a test from a value.
local FILTERS = {
  reference = by_reference,
  before = function(value) return by_time(value, false) end,
  since = function(value) return by_time(value, true) end,
  label = function(value)
    return function(image)
      local whole = store.read_ref(image.name)
      local found = whole and tiny.try(local_image.config, whole)
      return found ~= nil and require("tiny.spec.pairs").labelled(found.defaults.labels, value)
    end
  end,
  -- An image without a name, such as one that was loaded from an archive without names.
  dangling = function(value)
    if value ~= "true" and value ~= "false" then wrong(("--filter dangling=%s is not true or false"):format(tiny.show(value))) end
    return function(image) return (image.name:sub(1, 7) == "<none>@") == (value == "true") end
  end,
}

-- Docker's rule: references are alternatives, and all other filters must hold.
local function tests_of(filters)
  local references, all = {}, {}
  for _, text in ipairs(filters) do
    local key, value = text:match("^([^=]+)=(.+)$")
    local make = FILTERS[key]
    if not make then wrong(("--filter %s is not KEY=VALUE with one of the keys %s"):format(tiny.show(text), table.concat(require "tiny.base.sorted_keys"(FILTERS), ", "))) end
    table.insert(key == "reference" and references or all, make(value))
  end
  if references[1] then
    table.insert(all, function(image)
      for _, test in ipairs(references) do
        if test(image) then return true end
      end
      return false
    end)
  end
  return all
end

-- The images that match, the newest first.
function list.chosen(filters, name)
  if name then filters = table.move(filters, 1, #filters, 2, { "reference=" .. name }) end
  local tests, chosen = tests_of(filters), {}
  local all, damaged = store.refs(KEYS)
  for _, image in ipairs(all) do
    local keep = true
    for _, test in ipairs(tests) do keep = keep and test(image) end
    if keep then table.insert(chosen, image) end
  end
  -- Plain strings are sorted without calling a function for each comparison; of one time, the names in their order.
  local order, by = {}, {}
  for at, image in ipairs(chosen) do
    local place = ("%s\0%08d"):format(image.created or "", 99999999 - at)
    order[at], by[place] = place, image
  end
  table.sort(order)
  for at = 1, #order do chosen[at] = by[order[#order + 1 - at]] end
  return chosen, damaged
end

list.options = {
  { "all", short = "a", type = "flag", help = "For scripts written for docker: there are no intermediate images" },
  { "quiet", short = "q", type = "flag", help = "Print only ids" },
  { "no-trunc", type = "flag", help = "Do not shorten ids" },
  { "digests", type = "flag", help = "Show the digests of the manifests" },
  { "filter", short = "f", many = true, value = "KEY=VALUE",
    help = "Show only images that match; keys: " .. table.concat(require "tiny.base.sorted_keys"(FILTERS), ", ") },
  { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
}
list.args = { { "name", required = false, value = "REPOSITORY[:TAG]", help = "Show only the images of this name; * and ? match any" } }

-- The digits of an id that are shown.
function list.id(digest, whole)
  return whole and digest or digest:sub(8, 19)
end

local function plain(image, name, repository, tag)
  return {
    id = image.config, name = name, repository = repository, tag = tag, digest = image.index or image.manifest,
    created = image.created, size = image.size, platform = image.platform,
  }
end

function list.run(args)
  -- The process ends soon, so collecting the garbage of thousands of names would waste time.
  collectgarbage("stop")
  local chosen, damaged = list.chosen(args.filter, args.name)
  local rows, now, seen = {}, tiny.clock(), {}
  for _, image in ipairs(chosen) do
    local id = list.id(image.config, args.no_trunc)
    if args.quiet then
      if not seen[id] then seen[id] = table.insert(rows, id) or true end
    else
      local name, repository, tag = reference.shown(image.name)
      rows[#rows + 1] = args.format == "json" and plain(image, name, repository, tag) or {
        repository, tag or "<none>", id, format.ago(image.created, now), format.size(image.size, true),
      }
      if args.digests and args.format == "table" then table.insert(rows[#rows], 3, image.index or image.manifest) end
    end
  end
  for _, one in ipairs(damaged) do format.note("%s", one.damage) end
  if args.quiet then return rows[1] and format.line(table.concat(rows, "\n")) end
  if args.format == "json" then return format.json(rows) end
  local header = { "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE" }
  if args.digests then table.insert(header, 3, "DIGEST") end
  format.table(header, rows, 1)
end

return list
