-- mkdir: creates one directory with its mode, or all missing parents.
local check = require "check"

local function mode(path) return ("%o"):format(tiny.stat(path).mode) end
tiny.mkdir("plain")
check.equal(mode("plain"), "755")
tiny.mkdir("shared", { mode = tonumber("1777", 8) })
check.equal(mode("shared"), "1777")
tiny.mkdir("a/b/c/", { parents = true, mode = tonumber("700", 8) })
check.equal(mode("a/b/c"), "700")
check.equal(mode("a/b"), "755")
tiny.mkdir("a/b/c", { parents = true })
tiny.mkdir("/tmp//x/./y/../z", { parents = true })
assert(tiny.stat("x/y") and tiny.stat("x/z"))
local deep = ("d/"):rep(1000)
tiny.mkdir(deep, { parents = true })
assert(tiny.stat(deep))

-- Links: a link to a directory counts as a directory; a dangling link is not replaced with one; a file is an error.
tiny.symlink("plain", "link")
tiny.mkdir("link/below", { parents = true })
assert(tiny.stat("plain/below"))
tiny.symlink("nowhere", "dangling")
check.fails("ENOENT", tiny.mkdir, "dangling", { parents = true })
check.fails("ENOENT", tiny.mkdir, "dangling/below", { parents = true })
check.equal(tiny.stat("nowhere"), nil)
tiny.write_file("file", "")
check.fails("ENOTDIR", tiny.mkdir, "file", { parents = true })
check.fails("ENOTDIR", tiny.mkdir, "file/below", { parents = true })

tiny.mkdir("root/tmp", { parents = true })
tiny.symlink("/tmp", "root/out")
tiny.mkdir("out/inside/more", { root = "root", parents = true })
assert(tiny.stat("root/tmp/inside/more"))
-- Below a root, also where dangling links lead; never more than 40.
tiny.symlink("../../lost/../found", "root/dangling")
tiny.mkdir("dangling/below", { root = "root", parents = true })
assert(tiny.stat("root/found/below"))
check.equal(tiny.stat("found"), nil)
for n = 1, 41 do tiny.symlink(n == 41 and "end" or "chain" .. n + 1, "root/chain" .. n) end
check.fails("ELOOP", tiny.mkdir, "chain1", { root = "root", parents = true })
-- The kernel may walk a path twice and then counts its links twice, so a chain of just 40 can fail.
tiny.mkdir("chain22", { root = "root", parents = true })
assert(tiny.stat("root/end"))
check.equal(tiny.stat("inside"), nil)

local err = check.fails("EEXIST", tiny.mkdir, "plain")
check.equal(err.path, "plain")
check.equal(err.hint, "a file of that name already exists")
check.fails("ENOENT", tiny.mkdir, "no/where")
check.refuses([[option "mode": expected integer, got the string "755"]], tiny.mkdir, "x", { mode = "755" })
check.refuses([[unknown option "parent"; did you mean "parents"?]], tiny.mkdir, "x", { parent = true })
