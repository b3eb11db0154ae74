-- list_dir: returns all names except `.` and `..`, sorted.
local check = require "check"

tiny.mkdir("folder")
check.equal(#tiny.list_dir("folder"), 0)
for _, name in ipairs { "b", "a", ".hidden", "new\nline" } do tiny.write_file("folder/" .. name, "") end
check.equal(table.concat(tiny.list_dir("folder"), "|"), ".hidden|a|b|new\nline")
for i = 1, 3000 do tiny.mkdir("folder/" .. i) end
check.equal(#tiny.list_dir("folder"), 3004)
check.equal(tiny.list_dir("nowhere"), nil)

-- A name that is not UTF-8 is returned unchanged.
check.inside({}, function() tiny.chdir("folder") tiny.exec { "/bin/sh", "-c", [[: > "$(printf 'x\377')"]] } end)
local names = tiny.list_dir("folder")
check.equal(names[#names], "x\255")

tiny.mkdir("root/tmp/inside", { parents = true })
tiny.symlink("/tmp", "root/link")
check.equal(table.concat(tiny.list_dir("link", { root = "root" }), " "), "inside")
-- Without links: neither in the path nor in the last component.
tiny.symlink("tmp", "root/way")
local one = { root = "root", nofollow = true }
check.fails("ELOOP", tiny.list_dir, "link", one)
check.fails("ELOOP", tiny.list_dir, "way/inside", one)
check.equal(table.concat(tiny.list_dir("tmp", one), " "), "inside")
check.equal(#tiny.list_dir("/tmp/inside", one), 0)
check.fails("ELOOP", tiny.list_dir, "root/way", { nofollow = true })
local err = check.fails("ENOTDIR", tiny.list_dir, "folder/a")
check.equal(err.path, "folder/a")
check.equal(err.hint, "it is not a directory")
check.refuses("path: the path is empty", tiny.list_dir, "")
