-- Searches a registry for repositories, or lists the tags of one.
local COLUMNS = { "NAME", "DESCRIPTION", "STARS", "OFFICIAL" }

-- The first words of a text, for a table.
local function short(text)
  text = text:gsub("%s+", " ")
  if (utf8.len(text) or #text) <= 50 then return text end
  return text:sub(1, (utf8.offset(text, 48) or 48) - 1) .. "…"
end

local function list_tags(args, sources)
  local registry, format = require "tiny.images.registry", require "tiny.format"
  local tags = registry.first(sources, function(source) return registry.tags(source, args.limit) end)
  if args.format == "json" then return format.json { name = args.term, tags = tags } end
  for _, tag in ipairs(tags) do format.line(format.clean(tag)) end
end

return {
  summary = "Search a registry for images",
  section = "Images",
  order = 164,
  about = "Docker Hub is searched for names and descriptions, and another registry for names that contain the term.",
  options = {
    { "limit", type = "integer", value = "N", default = 25, help = "Print at most this many results" },
    { "list-tags", type = "flag", help = "List the tags of the repository TERM" },
    { "no-trunc", type = "flag", help = "Print whole descriptions" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  args = { { "term", value = "[REGISTRY/]TERM", help = "Part of a name" } },
  run = function(args)
    local search, format = require "tiny.images.search", require "tiny.format"
    if args.limit < 1 then tiny.fail { message = "--limit is less than 1", exit = 2 } end
    if args.list_tags then
      local registries, reference = require "tiny.images.registries", require "tiny.images.reference"
      return list_tags(args, registries.sources(registries.resolve(reference.parse(args.term))))
    end
    local found = search.find(args.term, args.limit)
    if args.format == "json" then return format.json(found) end
    local rows = {}
    for _, image in ipairs(found) do
      local description = args.no_trunc and image.description or short(image.description)
      table.insert(rows, { image.name, description, tostring(image.stars or ""), image.official and "[OK]" or "" })
    end
    format.table(COLUMNS, rows)
  end,
}
