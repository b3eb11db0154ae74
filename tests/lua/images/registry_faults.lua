-- A registry that fails: each failure is one sentence that names the image and the registry, with a remedy; what can be tried again
-- is tried again, and what was downloaded is continued.
local check, web = require "check", require "web"
local auth, base64 = require "tiny.images.auth", require "tiny.base.base64"
local client, registry = require "tiny.images.registry_client", require "tiny.images.registry"
client.FIRST_WAIT = 0.05
local registries, reference = require "tiny.images.registries", require "tiny.images.reference"

local blob = ("layer of an image, "):rep(20000)
local digest = "sha256:" .. tiny.sha256(blob)
local empty = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}'
local MANIFEST = "application/vnd.oci.image.manifest.v1+json"
local credentials = web.folder .. "/auth.json"

-- This process reads no credentials and no settings but those of the test.
local environment = { REGISTRY_AUTH_FILE = credentials }
local getenv = os.getenv
os.getenv = function(name) return environment[name] or getenv(name) end

local server, place
local function source(repository)
  local ref = reference.parse(("%s/%s:1"):format(place, repository))
  local made = registries.sources(ref)[1]
  made.attempts, made.timeout, made.stall = 3, "2s", "0.4s"
  return made
end

-- The failure of a manifest in a repository is this sentence.
local function refuses(repository, message, hint, made)
  made = made or source(repository)
  local _, err = tiny.try(registry.manifest, made, "1")
  if not err then error("no failure of " .. repository, 2) end
  check.equal(err.message, ("%s/%s:1: %s %s"):format(place, repository, place, message))
  if hint then check.equal(err.hint, hint) end
  check.equal(err.exit, 125)
  return err
end

local function count(path)
  local n = 0
  for _, request in ipairs(server.requests()) do
    if request.path:find(path, 1, true) then n = n + 1 end
  end
  return n
end

-- A server whose name has another port, for redirects and tokens of another origin.
local elsewhere <close> = web.serve(function(request)
  if request.path:find "^/token" then return web.reply(200, nil, '{"token":"STOLEN"}') end
  if request.path:find "^/blob" then return web.reply(200, nil, blob) end
  return web.reply(401, { ["WWW-Authenticate"] = 'Basic realm="x"' })
end, "127.0.0.2")

local flaky = web.folder .. "/flaky"
-- How often a path was asked for, in the server's process.
local function nth(path)
  local file = flaky .. path:gsub("/", "_")
  local n = tonumber(tiny.try(tiny.read_file, file) or "0") + 1
  tiny.write_file(file, tostring(n))
  return n
end

server = web.serve(function(request, connection)
  local name, what = request.path:match("^/v2/([%w-]+)/(.*)$")
  local url = "http://127.0.0.1:" .. request.headers.host:match("%d+$")
  local function manifest(text, more)
    local headers = { ["Content-Type"] = MANIFEST }
    for key, value in pairs(more or {}) do headers[key] = value end
    return web.reply(200, headers, text)
  end
  if name == "good" then return manifest(empty)
  elseif name == "missing" then return web.reply(404, nil, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest\\nunknown"}]}')
  elseif name == "forbidden" then return web.reply(403)
  elseif name == "login" then return web.reply(401, { ["WWW-Authenticate"] = 'Basic realm="r"' })
  elseif name == "busy" then return web.reply(429, { ["Retry-After"] = "3600", ["RateLimit-Limit"] = "100;w=21600", ["RateLimit-Remaining"] = "0;w=21600" })
  elseif name == "waits" then return nth(request.path) < 2 and web.reply(429, { ["Retry-After"] = "1" }) or manifest(empty)
  elseif name == "fault" then return web.reply(500, nil, "<html>")
  elseif name == "gateway" then return nth(request.path) < 3 and web.reply(502) or manifest(empty)
  elseif name == "resets" then return nth(request.path) > 1 and manifest(empty) or nil
  elseif name == "silent" then return ""
  elseif name == "forged" then return manifest(empty .. " ", { ["Docker-Content-Digest"] = "sha256:" .. tiny.sha256(empty) })
  elseif name == "types" then return manifest('{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}')
  elseif name == "both" then return manifest('{"manifests":[],"layers":[]}')
  elseif name == "text" then return manifest("hello")
  elseif name == "large" then return manifest((" "):rep(5 << 20))
  elseif name == "loop" then return web.reply(302, { Location = request.path })
  elseif name == "spiral" then return web.reply(302, { Location = request.path .. "x" })
  elseif name == "nowhere" then return web.reply(302, { Location = "gopher://x/" })
  elseif name == "away" then
    if request.headers.authorization ~= "Basic " .. base64.encode("me:SECRET") then return web.reply(401, { ["WWW-Authenticate"] = 'Basic realm="r"' }) end
    return web.reply(307, { Location = ("http://%s/%s"):format(elsewhere.place, what:find("blobs") and "blob" or "denied") })
  elseif name == "drift" then return web.reply(307, { Location = ("http://%s/denied"):format(elsewhere.place) })
  elseif name == "realm" then return web.reply(401, { ["WWW-Authenticate"] = ('Bearer realm="http://%s/token",service="s"'):format(elsewhere.place) })
  elseif name == "bearer" then
    if request.headers.authorization == "Bearer T0KEN" then return manifest(empty) end
    return web.reply(401, { ["WWW-Authenticate"] = ('Bearer realm="%s/token?x=1",service="a b",scope="repository:bearer:pull"'):format(url) })
  elseif request.path:find "^/token" then
    return request.headers.authorization == "Basic " .. base64.encode("me:SECRET") and web.reply(200, nil, '{"access_token":"T0KEN","expires_in":300}') or web.reply(200, nil, '{"token":"none"}')
  elseif name == "cut" then
    -- Each response ends after a third of the blob.
    local from = tonumber((request.headers.range or ""):match("bytes=(%d+)-")) or 0
    local headers = { ["Content-Length"] = tostring(#blob - from), ["Content-Range"] = ("bytes %d-%d/%d"):format(from, #blob - 1, #blob) }
    connection:write(web.reply(from > 0 and 206 or 200, headers, blob:sub(from + 1, from + #blob // 3 + 1)))
    return nil
  elseif name == "whole" then return web.reply(200, nil, blob)
  elseif name == "rest" then
    local from = tonumber((request.headers.range or ""):match("bytes=(%d+)-")) or 0
    return web.reply(from > 0 and 206 or 200, from > 0 and { ["Content-Range"] = ("bytes %d-%d/%d"):format(from, #blob - 1, #blob) }, blob:sub(from + 1))
  elseif name == "odd" then
    local whole = { ["Content-Range"] = ("bytes 0-%d/%d"):format(#blob - 1, #blob) }
    return web.reply(request.headers.range and 206 or 200, request.headers.range and whole, blob)
  elseif name == "short" then return web.reply(200, nil, blob:sub(1, 100))
  elseif name == "long" then return web.reply(200, nil, blob .. "more")
  elseif name == "wrong" then return web.reply(200, nil, blob:upper())
  elseif name == "stall" then return web.reply(200, { ["Content-Length"] = tostring(#blob) }, blob:sub(1, 5000))
  elseif name == "drip" then
    tiny.try(connection.write, connection, web.reply(200, { ["Content-Length"] = tostring(#blob) }, "x"))
    while tiny.try(connection.write, connection, "x") do tiny.poll({}, 0.11) end
    return nil
  elseif name == "norange" then return web.reply(416)
  end
  return web.reply(404)
end)
place = server.place

-- Statuses.
local text, media_type, found = registry.manifest(source "good", "1")
check.equal(text, empty)
check.equal(media_type, MANIFEST)
check.equal(found, "sha256:" .. tiny.sha256(empty))
check.equal(refuses("missing", "does not have this image: manifest unknown", "check the name and the tag").status, 404)
check.equal(refuses("forbidden", "denies access", ("`tinylua login %s`"):format(place)).status, 403)
check.equal(refuses("login", "requires a login for this repository, or does not have it", ("check the name; `tinylua login %s`"):format(place)).status, 401)
check.equal(refuses("busy", "received too many requests from this address: the limit is 100 per 6 h, 0 remain, try again in 3600 s").status, 429)
check.equal(count "/busy/", 1, "an hour is too long to wait")
local start, notes, waiting = tiny.clock "monotonic", {}, source "waits"
waiting.note = function(note) table.insert(notes, note) end
registry.manifest(waiting, "1")
assert(tiny.clock "monotonic" - start >= 1, "it waits as long as the registry asks for")
check.equal(notes[1], place .. " answers 429 Too Many Requests; trying again in 1.0 s (2 of 3)")
check.equal(refuses("fault", "has a fault (500 Internal Server Error)", "try again later, or use a mirror").status, 500)
check.equal(count "/fault/", 3)
registry.manifest(source "gateway", "1")
registry.manifest(source "resets", "1")
refuses("silent", "does not reply: nothing was received for 0.4 s", "try again; what was downloaded is kept")
check.equal(registry.head(source "missing", "1"), nil)

-- What a manifest may not be.
check.equal(refuses("forged", "sends a manifest that does not have the digest it names, sha256:" .. tiny.sha256(empty)).code, "EBADMSG")
refuses("types", ('sends a manifest whose type is "%s" outside and "application/vnd.oci.image.index.v1+json" inside'):format(MANIFEST))
refuses("both", "sends a manifest that is an image and an index at once")
local err = refuses("large", "sends more than 4194304 bytes")
_, err = tiny.try(registry.manifest, source "text", "1")
assert(err.message:find("sends a manifest that is not valid JSON", 1, true), err.message)
_, err = tiny.try(registry.manifest, source "good", digest)
check.equal(err.message, ("%s/good:1: %s sends a manifest with another digest than %s"):format(place, place, digest))

-- Redirects. A password is not sent to another origin, nor is its challenge answered.
refuses("loop", "redirects in a loop")
refuses("spiral", "redirects more than 5 times")
refuses("nowhere", 'redirects to "gopher://x/", which is no URL')
local stored = auth.store(place, "me", "SECRET")
check.equal(stored, credentials)
check.equal(tiny.stat(credentials).mode & 511, 384)
refuses("away", "redirects to 127.0.0.2, which answers 401 Unauthorized")
refuses("drift", "redirects to 127.0.0.2, which answers 401 Unauthorized")
local file = web.folder .. "/blob"
registry.blob(source "away", digest, #blob, file)
check.equal(tiny.read_file(file), blob)
for _, request in ipairs(elsewhere.requests()) do check.equal(request.headers.authorization, nil) end

-- Tokens: the registry's own server gets the password, one of another site does not.
registry.manifest(source "bearer", "1")
local asked
for _, request in ipairs(server.requests()) do asked = request.path:find "^/token" and request or asked end
check.equal(asked.path, "/token?x=1&service=a%20b&scope=repository%3Abearer%3Apull&account=me")
refuses("realm", "wants your password to be sent to 127.0.0.2, another site", ('if that is right, set registries[%q] = { realms = { "127.0.0.2" } } in registries.lua'):format(place))
check.equal(#elsewhere.requests(), 3, "it was not asked")
local trusted = source "realm"
trusted.realms = { "127.0.0.2" }
refuses("realm", "does not accept the credentials of " .. credentials, ("`tinylua login %s` stores others"):format(place), trusted)
check.equal(#auth.erase(place), 1)
refuses("realm", "requires a login for this repository, or does not have it")
for _, request in ipairs(elsewhere.requests()) do
  assert(request.headers.authorization == nil or request.path:find "^/token", "only the allowed server got it")
end

-- Blobs. Whatever breaks off is continued from where it ended; a file of wrong bytes is not kept.
local function fetch(repository, options)
  return tiny.try(registry.blob, source(repository), digest, #blob, file, options)
end
tiny.remove(file)
local told
registry.blob(source "cut", digest, #blob, file, { progress = function(bytes) told = bytes end })
check.equal(tiny.read_file(file), blob)
check.equal(told, #blob)
check.equal(count "/cut/", 3)
fetch "cut"
check.equal(count "/cut/", 3, "a whole file is only checked")
tiny.write_file(file, blob:sub(1, 100))
fetch "whole"
check.equal(tiny.read_file(file), blob, "a registry without ranges")
tiny.write_file(file, ("x"):rep(100))
fetch "rest"
check.equal(tiny.read_file(file), blob, "a damaged part is fetched again")
tiny.write_file(file, blob:sub(1, 100))
fetch "odd"
check.equal(tiny.read_file(file), blob, "a registry that sends another part")
tiny.write_file(file, ("x"):rep(#blob + 1))
fetch "rest"
check.equal(tiny.read_file(file), blob, "and so is one that is too long")
local function fails(repository, message, kept)
  tiny.try(tiny.remove, file)
  local _, failure = fetch(repository)
  check.equal(failure and failure.message, ("%s/%s:1: %s %s"):format(place, repository, place, message))
  check.equal((tiny.stat(file) or { size = 0 }).size, kept)
  return failure
end
fails("short", "ends after 100 of 380000 bytes", 100)
fails("long", ("sends more than the 380000 bytes of %s"):format(digest), 0)
check.equal(fails("wrong", "sends other bytes than those of " .. digest, 0).code, "EBADMSG")
fails("stall", "fails after 5000 of 380000 bytes: nothing was received for 0.4 s", 5000)
local save_body = require "tiny.images.save_body"
save_body.SECONDS = 0.5
tiny.try(tiny.remove, file)
_, err = fetch "drip"
assert(err.message:find "fails after %d+ of 380000 bytes: only %d+ bytes were received in %d s$", err.message)
save_body.SECONDS = 60
_, err = fetch "missing"
check.equal(err.message, ("%s/missing:1: %s does not have a layer or the configuration of this image: manifest unknown"):format(place, place))
_, err = tiny.try(registry.small_blob, source "wrong", digest, #blob)
check.equal(err.code, "EBADMSG")

-- TLS is required, and the registry has none; or its certificate has expired.
local strict = source "good"
strict.scheme, strict.insecure, strict.may_fall_back = "https", false, false
refuses("good", "does not answer as a registry does: the server does not use TLS on this port",
  ("if you trust it, set registries[%q] = { insecure = true } in registries.lua, or put its authority's certificate into /etc/containers/certs.d/%s"):format(place, place), strict)
local authority = web.certificate("authority", { authority = true })
local cert, key = web.certificate("expired", { from = "authority", expired = true })
local expired <close>, expired_place = web.registry(("  tls: {certificate: %s, key: %s}\n"):format(cert, key))
strict = registries.sources(reference.parse(expired_place .. "/good:1"))[1]
strict.insecure, strict.may_fall_back, strict.ca = false, false, { authority }
_, err = tiny.try(registry.manifest, strict, "1")
check.equal(err.message, ("%s/good:1: %s cannot be trusted: the server's certificate has expired"):format(expired_place, expired_place))
check.equal(err.hint, "its administrator has to renew it; check the clock of this host, too")

-- An encrypted registry does not get an upload sent to a place without encryption; nor is there one that hides its server.
cert, key = web.certificate("sealed", { from = "authority" })
local function upload_to(host, insecure)
  local sealed <close>, sealed_place = web.registry(("  tls: {certificate: %s, key: %s}\n  host: %s\n"):format(cert, key, host))
  local to = registries.sources(reference.parse(sealed_place .. "/up:1"))[1]
  to.insecure, to.may_fall_back, to.ca = insecure or false, false, { authority }
  local _, failure = tiny.try(registry.upload, to, digest, file)
  return failure and failure.message:sub(#("%s/up:1: %s "):format(sealed_place, sealed_place) + 1)
end
tiny.write_file(file, blob)
local before = #elsewhere.requests()
check.equal(upload_to("http://" .. elsewhere.place), "wants uploads to be sent to 127.0.0.2 without encryption")
local refused = upload_to("http://someone@" .. elsewhere.place)
assert(refused:find '^refers to "http://someone@.*, which is no URL$', refused)
check.equal(#elsewhere.requests(), before)
check.equal(upload_to("http://192.0.2.1:9", true), "wants uploads to be sent to 192.0.2.1 without encryption", "only this host needs no certificate")
check.equal(upload_to("http://" .. elsewhere.place, true), "redirects to 127.0.0.2, which answers 401 Unauthorized")

-- Mirrors: the first that works; the failure of the registry itself is reported.
local tried = {}
check.equal(registry.first({ source "missing", source "good" }, function(one)
  table.insert(tried, one.repository)
  return registry.manifest(one, "1")
end), empty)
check.equal(table.concat(tried, " "), "missing good")
_, err = tiny.try(registry.first, { source "fault", source "missing" }, function(one) return registry.manifest(one, "1") end)
check.equal(err.status, 404)

-- No registry at all, and one with TLS whose name says nothing about it.
server.close()
_, err = tiny.try(registry.manifest, source "good", "1")
check.equal(err.message, ("%s/good:1: %s does not accept connections"):format(place, place))
check.equal(err.hint, "check the name and the port")

-- The rest of the policy.
check.equal(client.retry_after("7"), 7)
check.equal(client.retry_after("Mon, 30 Nov 2026 08:00:10 GMT", tiny.parse_timestamp "2026-11-30T08:00:00Z"), 10.0)
check.equal(client.retry_after("soon"), nil)
