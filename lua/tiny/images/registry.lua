-- The API of registries (the OCI distribution specification): manifests, blobs, tags and the catalog. Everything that arrives is
-- checked against its digest and size.
local client = require "tiny.images.registry_client"
local reference = require "tiny.images.reference"

local registry = {}

-- A manifest; registries have the same limit.
local LARGEST = 4 << 20
-- Bytes after which an interrupted download has its full number of attempts again.
local PROGRESS = 1 << 20
local FORGED = "the registry or a proxy is damaged or forges it; try another mirror"
-- Pages of a listing.
local MOST_PAGES = 1000

-- What a pull accepts.
registry.MANIFESTS = {
  "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
}

local function repository_path(source, rest)
  return "/v2/" .. source.repository .. rest
end

local function pull_scope(source) return ("repository:%s:pull"):format(source.repository) end
local function push_scope(source) return ("repository:%s:pull,push"):format(source.repository) end

local function media_type_of(response)
  return ((response.headers["content-type"] or ""):match("^%s*([^;%s]*)") or ""):lower()
end

-- The two places that name a manifest's type must agree, and it is either an image or an index (CVE-2021-41190).
local function check_type(source, text, media_type)
  local content, why = tiny.json_decode(text)
  if type(content) ~= "table" then client.fail(source, "sends a manifest that is not valid JSON: " .. (why or "it is no object"), "the image has to be pushed again") end
  local inside = content.mediaType
  if inside ~= nil and inside ~= media_type then
    client.fail(source, ("sends a manifest whose type is %s outside and %s inside"):format(tiny.show(media_type), tiny.show(inside)), "the image has to be pushed again, or is forged")
  end
  if content.manifests ~= nil and (content.layers ~= nil or content.config ~= nil) then
    client.fail(source, "sends a manifest that is an image and an index at once", "the image has to be pushed again, or is forged")
  end
end

local function accepts(accept)
  return type(accept) == "table" and table.concat(accept, ", ") or accept or table.concat(registry.MANIFESTS, ", ")
end

-- The manifest of a tag or digest: its text, media type and digest.
function registry.manifest(source, name, accept)
  local response <close> = client.request(source, "GET", repository_path(source, "/manifests/" .. name), {
    headers = { Accept = accepts(accept) }, scope = pull_scope(source), what = "this image",
  })
  local media_type = media_type_of(response)
  local text = client.read(source, response, LARGEST)
  local digest = client.digest(text)
  if reference.is_digest(name) and digest ~= name then
    client.fail(source, ("sends a manifest with another digest than %s"):format(name), FORGED, { code = "EBADMSG" })
  end
  local promised = response.headers["docker-content-digest"]
  if promised and reference.is_digest(promised) and promised ~= digest then
    client.fail(source, ("sends a manifest that does not have the digest it names, %s"):format(promised), FORGED, { code = "EBADMSG" })
  end
  check_type(source, text, media_type)
  return text, media_type, digest
end

-- The digest, media type and size of a manifest, without its text; nil if the registry does not have it. The digest is a promise.
function registry.head(source, name, accept)
  local response <close> = client.request(source, "HEAD", repository_path(source, "/manifests/" .. name), {
    headers = { Accept = accepts(accept) }, scope = pull_scope(source), expected = { [200] = true, [404] = true }, what = "this image",
  })
  local digest = response.headers["docker-content-digest"]
  if response.status == 404 then return nil end
  return reference.is_digest(digest) and digest or nil, media_type_of(response), tonumber(response.headers["content-length"])
end

-- The size of a file, which may be missing.
local function size_of(file)
  local s = tiny.stat(file)
  return s and s.size or 0
end

-- One attempt to fetch a blob from byte `from` on; returns true if the file is complete, or false, why, and whether its bytes are
-- wrong. Errors that no further attempt can change are thrown.
local function fetch_rest(source, digest, size, file, from, progress)
  local response <close> = client.request(source, "GET", repository_path(source, "/blobs/" .. digest), {
    headers = from > 0 and { Range = ("bytes=%d-"):format(from) } or nil, scope = pull_scope(source),
    expected = { [200] = true, [206] = from > 0 or nil, [416] = from > 0 or nil }, what = "a layer or the configuration of this image",
  })
  if response.status == 416 then
    tiny.remove(file)
    return false, "does not have the rest of a layer"
  end
  local resumed = response.status == 206
  if resumed and not (response.headers["content-range"] or ""):find("^bytes " .. from .. "%-") then
    tiny.remove(file)
    return false, "sends another part of a layer than was asked for"
  end
  -- A registry without ranges sends the whole.
  local saved, err = tiny.try(require("tiny.images.save_body").save, response, file, { resume = resumed, limit = size, mode = tonumber("600", 8), progress = progress })
  if err then
    if err.code == "EFBIG" then
      tiny.remove(file)
      client.fail(source, ("sends more than the %d bytes of %s"):format(size, digest), FORGED, { code = "EBADMSG" })
    end
    if err.code ~= "ECONNRESET" and err.code ~= "ETIMEDOUT" and err.code ~= "EPIPE" then client.broken(source, err) end
    return false, ("fails after %d of %d bytes: %s"):format(size_of(file), size, err.detail or err.code)
  end
  if saved.bytes < size then return false, ("ends after %d of %d bytes"):format(saved.bytes, size) end
  if saved.digest ~= digest then
    tiny.remove(file)
    return false, ("sends other bytes than those of %s"):format(digest), true
  end
  return true
end

-- Whether a file that has all bytes is the blob; another one is removed.
local function is_whole(file, digest)
  local handle <close> = tiny.open(file)
  if (tiny.sha256_file(handle)) == digest then return true end
  tiny.remove(file)
  return false
end

-- Fetches a blob of this size into a file; returns when its digest is verified. What an earlier attempt has left in the file is
-- continued. options: resume (false: start anew), progress (called with the bytes so far).
function registry.blob(source, digest, size, file, options)
  options = options or {}
  if options.resume == false and tiny.stat(file) then tiny.remove(file) end
  local attempt, damaged = 1, false
  while true do
    local from = size_of(file)
    if from == size and is_whole(file, digest) then return end
    if from >= size then
      tiny.try(tiny.remove, file)
      from = 0
    end
    local done, why, mismatch = fetch_rest(source, digest, size, file, from, options.progress)
    if done then return end
    -- The first mismatch may come from what an earlier attempt has left; another one comes from the registry.
    if mismatch and (damaged or from == 0) then
      client.fail(source, why, FORGED, { code = "EBADMSG" })
    end
    damaged = damaged or mismatch
    -- Progress earns new attempts: a long download may be interrupted often.
    if size_of(file) - from >= PROGRESS then attempt = 1 end
    if not client.wait(source, attempt, nil, why) then client.fail(source, why, "try again; what was downloaded is kept", { code = "ECONNRESET" }) end
    attempt = attempt + 1
  end
end

-- A small blob, such as a configuration, as a string.
function registry.small_blob(source, digest, size)
  if size > LARGEST then client.fail(source, ("has a configuration of %d bytes: more than %d are not accepted"):format(size, LARGEST), "the image is damaged or forged") end
  local response <close> = client.request(source, "GET", repository_path(source, "/blobs/" .. digest), { scope = pull_scope(source), what = "the configuration of this image" })
  local text = client.read(source, response, LARGEST)
  if #text ~= size or client.digest(text) ~= digest then
    client.fail(source, ("sends other bytes than those of %s"):format(digest), FORGED, { code = "EBADMSG" })
  end
  return text
end

-- Whether the registry has a blob.
function registry.exists(source, digest)
  local response <close> = client.request(source, "HEAD", repository_path(source, "/blobs/" .. digest), {
    scope = push_scope(source), expected = { [200] = true, [404] = true }, what = "a layer",
  })
  return response.status == 200
end

-- Uploads the blob in a file. options: from (a repository of the same registry that has it, so that it need not be sent), progress
-- (called with the bytes so far).
function registry.upload(source, digest, file, options)
  local scope, query = push_scope(source), ""
  if options and options.from then
    query = ("?mount=%s&from=%s"):format(client.encoded(digest), client.encoded(options.from))
    scope = scope .. (" repository:%s:pull"):format(options.from)
  end
  local started <close> = client.request(source, "POST", repository_path(source, "/blobs/uploads/") .. query, {
    scope = scope, expected = { [201] = query ~= "" or nil, [202] = true }, what = "this repository",
  })
  if started.status == 201 then return end
  local place = started.headers.location or ""
  if not place:find("^/") and not place:find("^https?://") then client.fail(source, "names no place for an upload", "it is misconfigured; tell its administrator") end
  place = place .. (place:find("?", 1, true) and "&" or "?") .. "digest=" .. client.encoded(digest)
  -- The place is valid once: only the challenge of a token that has expired leads to another attempt, from the first byte.
  local sent <close> = client.request(source, "PUT", place, {
    scope = scope, headers = { ["Content-Type"] = "application/octet-stream" }, once = true, expected = { [201] = true }, what = "the place for an upload",
    rewind = function() return tiny.open(file) end, progress = options and options.progress,
  })
end

-- Puts a manifest under a tag or its digest.
function registry.put_manifest(source, name, text, media_type)
  local response <close> = client.request(source, "PUT", repository_path(source, "/manifests/" .. name), {
    scope = push_scope(source), headers = { ["Content-Type"] = media_type }, body = text, expected = { [201] = true }, what = "this repository",
  })
  local stored = response.headers["docker-content-digest"]
  if stored and stored ~= client.digest(text) then
    client.fail(source, ("stores the manifest as %s instead of %s"):format(tiny.show(stored), client.digest(text)), "the registry changes manifests: a pull by digest will fail", { code = "EBADMSG" })
  end
end

-- The pages of a listing: the lists below `key`, joined, at most `most` entries for which `wanted` is true. The next page is on the
-- same server.
local function pages(source, path, key, scope, most, wanted)
  local found, seen = {}, {}
  for _ = 1, MOST_PAGES do
    local response <close> = client.request(source, "GET", path, { scope = scope, what = "this listing" })
    local answer = tiny.json_decode(client.read(source, response, LARGEST))
    local list = type(answer) == "table" and answer[key]
    if list ~= nil and type(list) ~= "table" then client.fail(source, "sends a listing that is not valid", "it may not be a registry") end
    for _, name in ipairs(list or {}) do
      if type(name) == "string" and (not wanted or wanted(name)) then table.insert(found, name) end
      if most and #found >= most then return found end
    end
    local next_path = (response.headers.link or ""):match('<([^>]+)>%s*;%s*rel="?next"?')
    next_path = next_path and next_path:gsub("^%a+://[^/]+", "")
    if not next_path or next_path:sub(1, 1) ~= "/" or seen[next_path] then return found end
    seen[next_path], path = true, next_path
  end
  return found
end

-- The tags of the source's repository.
function registry.tags(source, most)
  return pages(source, repository_path(source, "/tags/list?n=1000"), "tags", pull_scope(source), most)
end

-- The repositories of the registry. Docker Hub has no such list.
function registry.catalog(source, most, wanted)
  return pages(source, "/v2/_catalog?n=1000", "repositories", "registry:catalog:*", most, wanted)
end

-- Checks credentials; throws if the registry does not accept them.
function registry.check_login(source, credentials)
  source.credentials, source.tokens, source.basic = credentials, nil, nil
  local response <close> = client.request(source, "GET", "/v2/", { what = "the API of a registry" })
  return response.status == 200
end

-- Calls f with each source until one succeeds; returns its results. The failure of the last one, the registry itself, is thrown.
function registry.first(sources, f)
  for i, source in ipairs(sources) do
    local results = table.pack(tiny.try(f, source))
    local err = results[1] == nil and results[2]
    if not err then return table.unpack(results, 1, results.n) end
    if i == #sources then error(err, 0) end
    if source.note then source.note(("mirror %s: %s"):format(source.registry, err.message)) end
  end
end

return registry
