-- open_root: links, `..` and magic links cannot lead out of the root, even if links are swapped concurrently.
local check = require "check"

tiny.mkdir("root/etc", { parents = true })
tiny.write_file("root/etc/name", "inside")
tiny.write_file("name", "outside")
local root <close> = tiny.open_root("root")
check.equal(root.kind, "dir")

-- A link that leads out as seen from the host leads inside as seen from the root.
local ways = { absolute = "/etc/name", up = "../../../../../../etc/name", nested = "up", host = "/tmp/name", sibling = "../name" }
for name, target in pairs(ways) do tiny.symlink(target, "root/" .. name) end
for _, path in ipairs { "/etc/name", "../../etc/name", "absolute", "up", "nested", "etc/../../etc/name" } do
  check.equal(tiny.read_file(path, { root = root }), "inside", path)
end
for _, path in ipairs { "host", "sibling", "/tmp/name", "../name" } do
  check.equal(tiny.read_file(path, { root = root }), nil, path)
end

-- Magic links are another way out.
tiny.mount_proc("/proc", { root = root, create = true })
for _, path in ipairs { "proc/self/root/tmp/name", "proc/self/cwd/name", "proc/self/fd/" .. "0" } do
  check.fails("ELOOP", tiny.read_file, path, { root = root })
end
tiny.symlink("/proc/self/root/tmp", "root/magic")
local err = check.fails("ELOOP", tiny.mkdir, "magic/new", { root = root })
check.equal(err.path, "magic")
check.equal(tiny.stat("/tmp/new"), nil)

-- A second process swaps a directory and a link that leads out, as fast as it can.
tiny.mkdir("root/a")
tiny.mkdir("root/dir")
tiny.write_file("root/dir/name", "inside")
tiny.symlink("/tmp", "root/link")
tiny.symlink("../..", "root/climb")
local swapper <close> = tiny.fork(function()
  while true do
    for _, other in ipairs { "link", "climb" } do
      tiny.rename("root/dir", "root/a/x")
      tiny.rename("root/" .. other, "root/dir")
      tiny.rename("root/dir", "root/" .. other)
      tiny.rename("root/a/x", "root/dir")
    end
  end
end)
for i = 1, 2000 do
  local text = tiny.read_file("a/../dir/name", { root = root })
  if text ~= nil and text ~= "inside" then error("it led outside: " .. text) end
  local _, failed = tiny.try(tiny.mkdir, "dir/made/by" .. i, { root = root, parents = true })
  if failed then assert(failed.code == "ENOENT" or failed.code == "ENOTDIR" or failed.code == "EEXIST" or failed.code == "EAGAIN", tostring(failed)) end
end
for i = 1, 300 do
  local made, failed = tiny.try(tiny.mount_tmpfs, "dir/mount" .. i, { root = root, create = true })
  if failed then assert(failed.code == "ENOENT" or failed.code == "ENOTDIR" or failed.code == "EAGAIN", tostring(failed)) else made:keep() end
end
swapper:close()
local mounted = 0
for _, m in ipairs(tiny.mounts()) do
  if m.target:match("mount%d+$") then
    mounted = mounted + 1
    assert(m.target:match("^/tmp/root/"), m.target)
    tiny.umount(m.target)
  end
end
assert(mounted > 0, "nothing was mounted")
check.equal(tiny.stat("/tmp/made"), nil, "made outside")
check.equal(tiny.stat("/made"), nil, "made outside")

-- A root below a root.
tiny.symlink("/etc", "root/inner")
local inner <close> = tiny.open_root("inner", { root = root })
check.equal(tiny.read_file("../../name", { root = inner }), "inside")

local missing = check.fails("ENOENT", tiny.open_root, "nowhere")
check.equal(missing.path, "nowhere")
check.equal(missing.hint, "there is no such directory")
check.fails("ENOTDIR", tiny.open_root, "name")
check.refuses("path is missing: open_root(path [, options])", tiny.open_root)
check.refuses([[option "root": expected a dir handle, got a table]], tiny.open_root, "x", { root = {} })
root:close()
check.refuses("the dir handle is closed", tiny.read_file, "name", { root = root })
