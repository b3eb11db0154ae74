-- The names of images: docker's normalisation, and what is refused.
local check = require "check"
local reference = require "tiny.images.reference"

local HEX = ("0123456789abcdef"):rep(4)

-- The name, as it is stored, and as people write it.
for _, case in ipairs {
  { "debian", "docker.io/library/debian:latest", "debian:latest" },
  { "debian:12", "docker.io/library/debian:12", "debian:12" },
  { "docker.io/debian", "docker.io/library/debian:latest", "debian:latest" },
  { "index.docker.io/library/debian:12", "docker.io/library/debian:12", "debian:12" },
  { "owner/name", "docker.io/owner/name:latest", "owner/name:latest" },
  { "ghcr.io/owner/name:v1.2_3-x", "ghcr.io/owner/name:v1.2_3-x", "ghcr.io/owner/name:v1.2_3-x" },
  { "localhost/name", "localhost/name:latest", "localhost/name:latest" },
  { "localhost:5000/a/b/c", "localhost:5000/a/b/c:latest", "localhost:5000/a/b/c:latest" },
  { "[::1]:5000/name:1", "[::1]:5000/name:1", "[::1]:5000/name:1" },
  { "127.0.0.1:5000/name", "127.0.0.1:5000/name:latest", "127.0.0.1:5000/name:latest" },
  { "a__b/c.d_e--f", "docker.io/a__b/c.d_e--f:latest", "a__b/c.d_e--f:latest" },
  { "debian@sha256:" .. HEX, "docker.io/library/debian@sha256:" .. HEX, "debian@sha256:" .. HEX },
  { "debian:12@sha256:" .. HEX, "docker.io/library/debian:12@sha256:" .. HEX, "debian:12@sha256:" .. HEX },
} do
  local ref = reference.parse(case[1])
  check.equal(reference.full(ref), case[2], case[1])
  check.equal(reference.familiar(ref), case[3], case[1])
  -- A stored name is its own name.
  check.equal(reference.full(reference.parse(case[2])), case[2], case[2])
end
check.equal(reference.short(reference.parse "debian:12"), "debian")
check.equal(reference.parse("debian").short, true)
check.equal(reference.parse("owner/debian").short, true)

for _, case in ipairs {
  { "oci:/srv/image", "oci", "/srv/image", nil },
  { "oci:image:12", "oci", "image", "12" },
  { "oci-archive:a.tar:12", "oci-archive", "a.tar", "12" },
  { "docker-archive:a.tar:debian:12", "docker-archive", "a.tar", "debian:12" },
  { "docker-archive:a.tar", "docker-archive", "a.tar", nil },
  { "dir:/srv/a:b", "dir", "/srv/a:b", nil },
} do
  local ref = reference.parse(case[1])
  check.equal(ref.transport, case[2], case[1])
  check.equal(ref.path, case[3], case[1])
  check.equal(ref.name, case[4], case[1])
end

for text, why in pairs {
  [""] = "it is empty",
  ["Debian"] = "repositories are written in lower case",
  ["https://ghcr.io/a"] = "leave out https://",
  ["a//b"] = '"" is not a part of a repository\'s name',
  ["../etc"] = '".." is not a host',
  ["a/../b"] = '".." is not a part of a repository\'s name',
  ["-a"] = '"-a" is not a part of a repository\'s name',
  ["a-"] = '"a-" is not a part of a repository\'s name',
  ["a___b"] = '"a___b" is not a part of a repository\'s name',
  ["a:"] = '"" is not a tag',
  ["a:b c"] = '"b c" is not a tag',
  ["a:" .. ("x"):rep(129)] = "its tag is longer than 128 characters",
  ["host.example:99999/a"] = '"99999" is not a port',
  ["host.example:/a"] = '"" is not a port',
  ["-host.example/a"] = '"-host.example" is not a host',
  ["host..example/a"] = '"host..example" is not a host',
  ["a@sha256:" .. HEX .. "0"] = '"sha256:' .. HEX .. '0" is not a digest',
  ["a@sha256:" .. HEX:upper()] = '"sha256:' .. HEX:upper() .. '" is not a digest',
  ["a@sha256:../../etc/passwd"] = '"sha256:../../etc/passwd" is not a digest',
  ["a\n"] = '"a\\n" is not a part of a repository\'s name',
  ["oci:"] = "oci: needs a path",
  [("a"):rep(251)] = "it is longer than 250 characters",
} do
  local _, err = tiny.try(reference.parse, text)
  check.equal(err and err.message, ("%s is not an image name: %s"):format(tiny.show(text), why))
end
for _, digest in ipairs { "sha256:" .. HEX .. "0", "sha512:" .. HEX, "sha256:" .. HEX:sub(2), "sha256:" .. HEX:sub(2) .. "/" } do
  check.equal(reference.is_digest(digest), false, digest)
end
check.equal(reference.is_digest("sha256:" .. HEX), true)
