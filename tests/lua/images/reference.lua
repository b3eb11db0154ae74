-- The names of images: docker's normalisation, and one sentence for each wrong one.
local check = require "check"
local reference = require "tiny.images.reference"

local HEX = ("0123456789abcdef"):rep(4)

local function normal(text, full, familiar)
  local ref = reference.parse(text)
  check.equal(reference.full(ref), full, text)
  check.equal(reference.familiar(ref), familiar or text, text)
  -- Both name the same image.
  check.equal(reference.full(reference.parse(full)), full)
  check.equal(reference.full(reference.parse(familiar or text)), full)
  return ref
end

check.equal(normal("debian", "docker.io/library/debian:latest", "debian:latest").short, true)
normal("debian:12", "docker.io/library/debian:12")
normal("user/name:v1.0_x-y", "docker.io/user/name:v1.0_x-y")
normal("docker.io/debian", "docker.io/library/debian:latest", "debian:latest")
normal("index.docker.io/user/name", "docker.io/user/name:latest", "user/name:latest")
normal("ghcr.io/owner/deep/name:1", "ghcr.io/owner/deep/name:1")
normal("localhost/x", "localhost/x:latest", "localhost/x:latest")
normal("localhost:5000/x:5000", "localhost:5000/x:5000")
normal("127.0.0.1:5000/a__b/c--d.e", "127.0.0.1:5000/a__b/c--d.e:latest", "127.0.0.1:5000/a__b/c--d.e:latest")
normal("[::1]:5000/x:1", "[::1]:5000/x:1")
-- Without the registry, these would be other images.
normal("docker.io/localhost/x:1", "docker.io/localhost/x:1")
normal("docker.io/a.b/x:1", "docker.io/a.b/x:1")
normal("docker.io/library/x/y:1", "docker.io/library/x/y:1", "library/x/y:1")
local pinned = normal("debian@sha256:" .. HEX, "docker.io/library/debian@sha256:" .. HEX)
check.equal(pinned.tag, nil)
normal("debian:12@sha256:" .. HEX, "docker.io/library/debian:12@sha256:" .. HEX)

-- Other places.
local function place(text, transport, path, name)
  local ref = reference.parse(text)
  check.equal(ref.transport, transport, text)
  check.equal(ref.path, path, text)
  check.equal(ref.name, name, text)
end
place("oci:/tmp/layout", "oci", "/tmp/layout")
place("oci:layout:12", "oci", "layout", "12")
place("oci:/tmp/a:b/layout", "oci", "/tmp/a:b/layout")
place("oci-archive:x.tar:v1", "oci-archive", "x.tar", "v1")
place("docker-archive:/x.tar:ghcr.io/a/b:1", "docker-archive", "/x.tar", "ghcr.io/a/b:1")
place("dir:/a:b", "dir", "/a:b")

local function wrong(text, why)
  local _, err = tiny.try(reference.parse, text)
  assert(err, "accepted: " .. tostring(text))
  assert(err.message:find(why, 1, true), ("%s: %s"):format(tostring(text), err.message))
  assert(not err.message:find("[\n%c]"), "one sentence")
  check.equal(err.exit, 125)
end
wrong("", "it is empty")
wrong("Debian", "repositories are written in lower case")
wrong("deb\nian", "is not a part of a repository's name")
wrong("a//b", '"" is not a part of a repository\'s name')
wrong("-a", '"-a" is not a part')
wrong("a..b", '"a..b" is not a part')
wrong("a/../b", '".." is not a part')
wrong("a___b", "is not a part")
wrong("debian:", '"" is not a tag')
wrong("debian:-x", '"-x" is not a tag')
wrong("debian:a/b:c d", '"c d" is not a tag')
wrong("debian:" .. ("x"):rep(129), "its tag is longer than 128 characters")
wrong("https://ghcr.io/a/b", "leave out https://")
wrong("bad..host/x", "is not a host")
wrong("-bad.host/x", "is not a host")
wrong("host.io:70000/x", '"70000" is not a port')
wrong("host.io:x/y", '"x" is not a port')
wrong(":5000/x", "the registry has no host")
wrong("host.io/", "is not a part")
wrong(("a"):rep(300), "it is longer than 250 characters")
wrong("oci:", "oci: needs a path")
wrong("/etc/passwd", "is not a part")
wrong("../../etc", "is not a")
for _, digest in ipairs {
  "sha256:../x", "sha256:" .. HEX:upper(), "sha256:" .. HEX .. "0", "sha256:" .. HEX:sub(2), "sha512:" .. HEX, "md5:x", "", HEX, "sha256:" .. HEX:sub(1, 63) .. "/",
  "sha256:" .. HEX:sub(1, 63) .. "\n",
} do
  check.equal(reference.is_digest(digest), false, digest)
  wrong("debian@" .. digest, "is not a digest")
end
check.equal(reference.is_digest(nil), false)
check.equal(reference.is_digest { "sha256:" .. HEX }, false)
check.equal(reference.is_digest("sha256:" .. HEX), true)
