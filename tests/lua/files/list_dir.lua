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
-- Such a name is a path like any other.
local name = "folder/" .. names[#names]
check.equal(tiny.stat(name).kind, "file")
tiny.write_file(name, "text")
tiny.append_file(name, ".")
check.equal(tiny.read_file(name), "text.")
check.equal(tiny.open(name):read(), "text.")
tiny.symlink(names[#names], "folder/\254")
check.equal(tiny.readlink("folder/\254"), names[#names])
check.equal(tiny.read_file("\254", { root = "folder" }), "text.")
tiny.mkdir("folder/\253/\252", { parents = true })
tiny.rename(name, "folder/\253/\252/\251")
tiny.mkdir("copies")
tiny.copy_tree("folder/\253", "copies/\250")
check.equal(tiny.read_file("copies/\250/\252/\251"), "text.")
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mkdir("copies/\249")
  local mounted = tiny.mount_bind("folder/\253", "copies/\249")
  check.equal(tiny.list_dir("copies/\249")[1], "\252")
  mounted:close()
  tiny.mount_bind("\253", "\249", { source_root = "folder", root = "copies" })
  tiny.umount("\249", { root = "copies" })
  local dir = tiny.open_root("folder/\253")
  check.equal(tiny.list_dir(".", { root = dir })[1], "\252")
end)
tiny.remove("folder/\253", { recursive = true })
tiny.remove("\254", { root = "folder" })
check.equal(tiny.stat("folder/\253"), nil)
check.refuses('paths: { "a", "�" } has an item that is not UTF-8 or is out of range', tiny.mkdirs, "folder", { "a", "\255" })

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
