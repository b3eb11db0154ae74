-- What the first word of `run` and `create` is, if it is no recipe: an image, or a program of the host. In this order: a name with a
-- tag, a digest or a registry is an image, and so is the name or id of a local image; then a program of the host; every other name
-- is an image to pull.
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local first_word = {}

local PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

-- The program of the host that a word runs in its view: found in PATH, or in the working directory if it has a slash.
local function program(word, args)
  if word:find("/", 1, true) then
    local path = word:sub(1, 1) == "/" and word or (args.workdir or "") .. "/" .. word
    return tiny.try(tiny.stat, path) and path
  end
  local places = PATH
  for _, entry in ipairs(args.env) do places = entry:match("^PATH=(.*)$") or places end
  for place in places:gmatch("[^:]+") do
    local found = tiny.try(tiny.stat, place .. "/" .. word)
    if found and found.kind == "file" and found.mode & tonumber("111", 8) ~= 0 then return place .. "/" .. word end
  end
end

-- A local image with this repository, whatever its tag.
local function other_tag(ref)
  local repository = ref.registry .. "/" .. ref.repository
  for _, image in ipairs((store.refs {})) do
    if reference.repository(image.name) == repository then return image end
  end
end

-- A word that would have been something else with --host or --image is explained, to people.
local function note(text, ...)
  if tiny.isatty(2) then require("tiny.format").note(text, ...) end
end

-- Whether the word is an image. entrypoint: the words are its arguments unless the first one clearly is an image.
function first_word.is_image(word, args, entrypoint)
  if word == "" or word:find("^[/.~-]") then return false end
  local ref = tiny.try(reference.parse, word)
  if not ref then return false end
  if ref.transport or ref.digest or word:find(":", 1, true) then return true end
  if not ref.short and word:find("^[^/]*[.:]") or word:find("^localhost/") then return true end
  local image = store.exists() and store.find_one(word) or nil
  if entrypoint then return image ~= nil end
  local found = program(word, args)
  if image then
    if found then note("%s is the local image, not the host's %s; --host runs that", word, found) end
    return true
  end
  if not found then return true end
  local other = store.exists() and tiny.isatty(2) and other_tag(ref)
  if other then note("%s is the host's %s, not the local image %s; --image runs that", word, found, (reference.shown(other.name))) end
  return false
end

return first_word
