-- Searches a registry for repositories. Docker Hub has an index of its own; other registries list their repositories.
local client = require "tiny.images.registry_client"
local registries = require "tiny.images.registries"
local registry = require "tiny.images.registry"

local search = {}

-- Bytes of a page of results.
local LARGEST = 4 << 20
-- Docker Hub's largest page.
local PAGE = 100

local function hub(term, limit)
  local source = registries.server "docker.io"
  local path = ("https://index.docker.io/v1/search?q=%s&n=%d"):format(client.encoded(term), math.min(limit, PAGE))
  local response <close> = client.request(source, "GET", path, { what = "an index of its images" })
  local answer = tiny.json_decode(client.read(source, response, LARGEST))
  local results = type(answer) == "table" and answer.results
  if type(results) ~= "table" then client.fail(source, "sends results that are not valid", "try again later") end
  local found = {}
  for _, result in ipairs(results) do
    if type(result) == "table" and type(result.name) == "string" then
      table.insert(found, {
        name = result.name, description = type(result.description) == "string" and result.description or "",
        stars = math.tointeger(result.star_count) or 0, official = result.is_official == true,
      })
    end
    if #found >= limit then break end
  end
  return found
end

-- The repositories whose names contain the term, [REGISTRY/]TERM: a list of { name, description, stars, official }.
function search.find(term, limit)
  local host, rest = term:match("^([^/]+)/(.*)$")
  if not (host and (host:find("[.:]") or host == "localhost")) then host, rest = "docker.io", term end
  if host == "docker.io" or host == "index.docker.io" then return hub(rest, limit) end
  local found = {}
  local source = registries.server(host)
  for i, name in ipairs(registry.catalog(source, limit, function(name) return name:find(rest, 1, true) ~= nil end)) do
    found[i] = { name = host .. "/" .. name, description = "" }
  end
  return found
end

return search
