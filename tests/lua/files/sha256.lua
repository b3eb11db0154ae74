-- sha256: returns the same digest as sha256sum(1).
local check = require "check"

check.equal(tiny.sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
local bytes = ("\0\255"):rep(100000)
tiny.write_file("bytes", bytes)
check.equal(tiny.sha256(bytes), io.popen("sha256sum bytes"):read("a"):match("^%x+"))
check.refuses("data: expected string, got a table", tiny.sha256, {})
