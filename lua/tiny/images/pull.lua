-- Pulls an image: manifest and configuration here, and the missing layers in children (tiny.images.layer_jobs). The ref is
-- written last, so that an image is whole or does not exist; what was fetched of one that failed is kept for the next attempt.
local layer_jobs = require "tiny.images.layer_jobs"
local manifest = require "tiny.images.manifest"
local platform = require "tiny.images.platform"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local pull = {}

-- The image of a name if the store has it, for this platform.
local function present(full, wanted)
  local image = store.exists() and store.read_ref(full)
  if not image then return nil end
  if wanted and image.platform ~= platform.text(platform.parse(wanted)) then return nil end
  return image
end

-- Whether the store has everything of an image.
local function whole(image)
  for _, layer in ipairs(image.layers) do
    if not store.layer(store.layer_id(layer)) or not store.has_blob(layer.digest) then return false end
  end
  return store.has_blob(image.config) and store.has_blob(image.manifest)
end

-- A small file of the image, from the store or the registry; its digest is checked.
local function small(source, part, what, fetch)
  local text = store.read_blob(part.digest)
  if text then return text end
  text = fetch()
  if "sha256:" .. tiny.sha256(text) ~= part.digest then
    manifest.wrong(what, ("has other content than its digest %s says"):format(part.digest), ("the registry %s sent something else"):format(source.registry))
  end
  store.put_blob(text)
  return text
end

-- The manifest for the wanted platform: { text, parsed, digest, index }.
local function choose(ref, source, options)
  local registry = require "tiny.images.registry"
  local name = reference.familiar(ref)
  local text, media_type, digest = registry.manifest(source, ref.digest or ref.tag, manifest.accepted())
  if ref.digest and digest ~= ref.digest then
    manifest.wrong("the manifest of " .. name, ("has the digest %s"):format(digest), ("the registry %s sent something else"):format(source.registry))
  end
  local found = { text = text, digest = digest, parsed = manifest.parse(text, media_type, "the manifest of " .. name) }
  if found.parsed.kind ~= "index" then return found end
  local best, names = platform.best(found.parsed, options.platform)
  if not best then
    tiny.fail {
      message = ("%s has no image for %s"):format(name, options.platform or platform.text(platform.host())), exit = 125,
      hint = #names > 0 and "it has " .. table.concat(names, ", ") .. ": choose with --platform" or "its index is empty",
    }
  end
  local own = { digest = best.digest, index = digest, index_text = text }
  own.text = small(source, best, "a manifest of " .. name, function()
    return (registry.manifest(source, best.digest, manifest.accepted()))
  end)
  own.parsed = manifest.parse(own.text, best.media_type, "a manifest of " .. name)
  if own.parsed.kind ~= "image" then manifest.wrong("the index of " .. name, "lists another index") end
  return own
end

local function pull_from(ref, source, options, bars)
  local full, name = reference.full(ref), reference.familiar(ref)
  bars:say(("%s: Pulling from %s"):format(ref.tag or ref.digest, source.repository))
  local found = choose(ref, source, options)
  local known = store.read_ref(full)
  if known and known.manifest == found.digest and known.index == found.index and whole(known) then return known, false end
  local config_text = small(source, found.parsed.config, "the configuration of " .. name, function()
    return require("tiny.images.registry").small_blob(source, found.parsed.config.digest, found.parsed.config.size)
  end)
  local image = layer_jobs.describe(config_text, found.parsed, name)
  image.manifest, image.index, image.config = found.digest, found.index, found.parsed.config.digest
  store.check_space(image.layers, name)
  layer_jobs.run(source, image, name, bars, options.squash_ids)
  store.put_blob(found.text)
  if found.index_text then store.put_blob(found.index_text) end
  -- Everything is on the disk before the name exists.
  store.sync()
  return store.write_ref(full, image), true
end

-- Pulls an image from the first of its mirrors and its registry that succeeds.
local function pull_one(ref, options, bars)
  return require("tiny.images.registry").first(require("tiny.images.registries").sources(ref), function(source)
    local image, changed = tiny.try(pull_from, ref, source, options, bars)
    bars:close()
    if image then return image, changed end
    -- One that names a call; others are sentences.
    if changed.code == "ENOSPC" and changed.op then
      local why, hint = store.no_space()
      tiny.fail { message = ("%s: %s"):format(reference.familiar(ref), why), hint = hint, code = changed.code, exit = 125 }
    end
    error(changed, 0)
  end)
end

-- What a registry answers that does not have an image; some do not tell whether it exists.
local ABSENT = { [401] = true, [403] = true, [404] = true }

-- Pulls an image from the first registry that has it. One that cannot be asked, or rejects the user's credentials, ends the search:
-- another registry may have another image of this name.
local function pull_first(short, refs, options, bars)
  local answers = {}
  for i, ref in ipairs(refs) do
    bars:say("Trying " .. reference.full(ref))
    local image, changed = tiny.try(pull_one, ref, options, bars)
    if image then return image, changed end
    if not ABSENT[changed.status] or changed.identified then
      changed.hint = ("%s; or write the whole name: %s is the search registry %d of %d"):format(changed.hint or "try again later", ref.registry, i, #refs)
      error(changed, 0)
    end
    answers[i] = changed.message
  end
  tiny.fail {
    message = ("no search registry has %s: %s"):format(reference.short(short), table.concat(answers, "; ")), exit = 125,
    hint = "unqualified-search-registries of registries.conf lists them; check the name and the tag, or write the whole name",
  }
end

local function ask_for_name(short, refs)
  local names = {}
  for i, ref in ipairs(refs) do names[i] = reference.full(ref) end
  tiny.fail {
    message = ("%s may be one of %s: registries.conf has short-name-mode = \"enforcing\""):format(reference.short(short), table.concat(names, ", ")), exit = 125,
    hint = "write the whole name, or give it an alias in registries.lua or registries.conf",
  }
end

-- Pulls an image, given by its name or its parsed reference; returns it and whether anything changed. options: platform; policy
-- ("always", the default, "missing" or "never"); squash_ids (see layer_jobs); quiet; out (the stream for the progress, 1 or 2).
function pull.pull(text, options)
  options = options or {}
  local ref = type(text) == "table" and text or reference.parse(text)
  if ref.transport then return require("tiny.images.archive").load_from(ref, options) end
  -- Aliases, search registries and `rewrite` of the user.
  local refs, ambiguous = require("tiny.images.registries").candidates(ref)
  local name, policy = reference.familiar(refs[1]), options.policy or "always"
  if policy ~= "always" then
    for _, one in ipairs(refs) do
      local image = present(reference.full(one), options.platform)
      if image then return image, false end
    end
    if policy == "never" then
      tiny.fail { message = ("there is no image %s on this machine"):format(name), hint = ("`tinylua pull %s` gets it"):format(name), exit = 125 }
    end
  end
  if ambiguous then ask_for_name(ref, refs) end
  store.prepare()
  local _ <close> = store.lock "shared"
  local bars = require("tiny.base.progress").new { quiet = options.quiet, out = options.out }
  if #refs > 1 then return pull_first(ref, refs, options, bars) end
  return pull_one(refs[1], options, bars)
end

return pull
