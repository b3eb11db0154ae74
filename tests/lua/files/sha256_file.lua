-- sha256_file: the digest of a file's rest, as images write it.
local check = require "check"

tiny.write_file("f", ("x"):rep(1000000))
local file <close> = tiny.open "f"
local digest, size = tiny.sha256_file(file)
check.equal(digest, "sha256:" .. tiny.sha256(("x"):rep(1000000)))
check.equal(size, 1000000)
digest, size = tiny.sha256_file(file)
check.equal(digest, "sha256:" .. tiny.sha256(""), "nothing is left")
check.equal(size, 0)
local folder <close> = tiny.open "."
check.fails("EISDIR", tiny.sha256_file, folder)
