-- Manifests and indexes from strangers: what is accepted, and the sentence for each hostile one.
local check = require "check"
local manifest = require "tiny.images.manifest"

local OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
local function digest(text) return "sha256:" .. tiny.sha256(text) end
local function part(kind, name) return { mediaType = kind, digest = digest(name), size = #name } end

local function image(changes)
  local object = {
    schemaVersion = 2, mediaType = OCI .. "manifest.v1+json", config = part(OCI .. "config.v1+json", "config"),
    layers = { part(OCI .. "layer.v1.tar+gzip", "one"), part(OCI .. "layer.v1.tar+zstd", "two"), part(OCI .. "layer.v1.tar", "three") },
  }
  for key, value in pairs(changes or {}) do object[key] = value end
  return object
end

local function parse(object, media_type)
  return manifest.parse(type(object) == "string" and object or tiny.json_encode(object), media_type, "the manifest of debian:12")
end

local found = parse(image(), OCI .. "manifest.v1+json")
check.equal(found.kind, "image")
check.equal(found.config.digest, digest "config")
check.equal(#found.layers, 3)
check.equal(found.layers[2].digest, digest "two")
check.equal(found.media_type, OCI .. "manifest.v1+json")

-- The media type may be in the header only; a header that says nothing is ignored.
local bare = image()
bare.mediaType = nil
check.equal(parse(bare, OCI .. "manifest.v1+json").kind, "image")
check.equal(parse(bare, "application/json; charset=utf-8").kind, "image")
check.equal(parse(bare).media_type, OCI .. "manifest.v1+json")

-- Docker's.
local docker = image {
  mediaType = DOCKER .. "distribution.manifest.v2+json", config = part(DOCKER .. "container.image.v1+json", "c"),
  layers = { part(DOCKER .. "image.rootfs.diff.tar.gzip", "a"), part(DOCKER .. "image.rootfs.foreign.diff.tar.gzip", "b") },
}
found = parse(docker)
check.equal(found.layers[1].foreign, nil)
check.equal(found.layers[2].foreign, true)

-- Indexes: attestations are marked.
local index = {
  schemaVersion = 2, mediaType = OCI .. "index.v1+json",
  manifests = { part(OCI .. "manifest.v1+json", "x"), part(OCI .. "manifest.v1+json", "y") },
}
index.manifests[1].platform = { os = "linux", architecture = "arm", variant = "v7", features = { "x" } }
index.manifests[2].annotations = { ["vnd.docker.reference.type"] = "attestation-manifest" }
found = parse(index)
check.equal(found.kind, "index")
check.equal(found.manifests[1].platform.variant, "v7")
check.equal(found.manifests[1].attestation, nil)
check.equal(found.manifests[2].attestation, true)
check.equal(#manifest.accepted(), 4)

local function wrong(object, why, media_type)
  local _, err = tiny.try(parse, object, media_type)
  assert(err, "accepted, not refused: " .. why)
  assert(err.message:find(why, 1, true), err.message)
  check.equal(err.message:sub(1, 26), "the manifest of debian:12 ")
  assert(not err.message:find("%c"), err.message)
  assert(err.hint, "a remedy")
end

wrong("", "is not valid JSON: EOF")
wrong("[1", "is not valid JSON")
wrong('"x"', "is not valid JSON: it is not an object")
wrong(("["):rep(100000), "is not valid JSON: recursion limit exceeded")
wrong((" "):rep((4 << 20) + 1), "has 4194305 bytes; the limit is 4 MiB")
wrong("{}", "schemaVersion is nil, not 2")
wrong(image { schemaVersion = 3 }, "schemaVersion is 3")
wrong(image { schemaVersion = 1 }, "has docker's schema 1, which is obsolete")
wrong(image(), "is not valid: it is a", DOCKER .. "distribution.manifest.v2+json")
wrong(image { mediaType = "text/html" }, 'has the unknown media type "text/html"')
wrong(image { mediaType = 5 }, '"mediaType" is a number, not a string')
-- The same bytes as two things (CVE-2021-41190), and keys that are there twice (CVE-2024-3727).
wrong(image { manifests = {} }, "it is an index and a manifest at once")
wrong('{"schemaVersion":2,"layers":[],"layers":[1]}', 'the key "layers" is there twice')
wrong('{"schemaVersion":2,"config":{"digest":"a","digest":"b"}}', 'the key "digest" is there twice')
-- Digests.
for _, text in ipairs { "sha256:../x", "sha256:" .. ("a"):rep(63), "sha256:" .. ("A"):rep(64), "../../etc/passwd", "" } do
  wrong(image { config = { mediaType = OCI .. "config.v1+json", digest = text, size = 1 } }, ("the configuration: %s is not a digest"):format(tiny.show(text)))
  wrong(image { layers = { { mediaType = OCI .. "layer.v1.tar", digest = text, size = 1 } } }, "layer 1: " .. tiny.show(text) .. " is not a digest")
end
wrong(image { config = { mediaType = "x", digest = "sha512:" .. ("a"):rep(128), size = 1 } }, "is a SHA-512 digest, which is not supported")
-- Types and numbers.
wrong(image { layers = { 1 } }, "layer 1 is missing or no object")
wrong(image { layers = "x" }, '"layers" is a string, not a table')
wrong(image { config = {} }, "the configuration: nil is not a digest")
for _, size in ipairs { "-1", "1.5", "1e300", "18446744073709551616", '"1"', "null", "true" } do
  wrong(('{"schemaVersion":2,"config":{"digest":"%s","size":%s},"layers":[]}'):format(digest "x", size), "the configuration: its size is")
end
wrong(image { config = { mediaType = OCI .. "config.v1+json", digest = digest "x", size = 5 << 20 } }, "the configuration has 5242880 bytes; the limit is 4 MiB")
-- Too many layers for the kernel.
local many = {}
for i = 1, 501 do many[i] = part(OCI .. "layer.v1.tar", "layer " .. i) end
wrong(image { layers = many }, "lists 501 layers; the kernel's overlay file system takes at most 500")
many[501] = nil
check.equal(#parse(image { layers = many }).layers, 500)
-- Artifacts, encrypted layers, and things that are no layers.
wrong(image { config = part("application/vnd.cncf.helm.config.v1+json", "x") }, "is that of an artifact of type")
wrong(image { artifactType = "application/x", config = part(OCI:gsub("image%.$", "empty.v1+json"), "{}") }, 'is that of an artifact of type "application/x"')
wrong(image { layers = { part(OCI .. "layer.v1.tar+gzip+encrypted", "x") } }, "lists the encrypted layer layer 1")
wrong(image { layers = { part("application/vnd.in-toto+json", "x") } }, "layer 1 has the media type")
wrong({ schemaVersion = 2, mediaType = OCI .. "index.v1+json" }, "it has no list of manifests")
wrong({ schemaVersion = 2, manifests = { { digest = digest "x", size = 1, platform = "linux" } } }, '"platform" is a string')
