-- read: returns the available bytes up to a maximum; nil at end of file, false if nothing is available yet.
local check = require "check"

tiny.write_file("file", ("x"):rep(100000))
local file <close> = tiny.open("file")
check.equal(#file:read(), 65536)
check.equal(#file:read(10), 10)
check.equal(#file:read("1m"), 100000 - 65536 - 10)
check.equal(file:read(), nil)
check.equal(#file:read("1m", { at = 99990 }), 10)
check.equal(file:read(1, { at = 100000 }), nil)

local from, into = tiny.pipe()
into:write("abc")
check.equal(from:read(2), "ab")
check.equal(from:read(2), "c")
into:close()
check.equal(from:read(), nil)

local folder <close> = tiny.open("/tmp")
local err = check.fails("EISDIR", folder.read, folder)
check.equal(err.path, "/tmp")
check.fails("ESPIPE", from.read, from, 1, { at = 0 })
check.refuses([[max: "x" is not a size; write bytes or a number with k, m, g or t: "128m"]], tiny.read, file, "x")
check.refuses("file: expected a file handle, got a table", tiny.read, {})
