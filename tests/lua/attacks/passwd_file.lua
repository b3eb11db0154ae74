-- /etc/passwd and /etc/group of a rootfs as a huge file, a FIFO, an endless device, a link out of the root, and a
-- directory.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
tiny.write_file("/tmp/secret", "web:x:1:1::/:\n")
local function refuses(what, prepare)
  for _, name in ipairs { "passwd", "group" } do
    os.execute("rm -rf /tmp/root/etc; mkdir /tmp/root/etc")
    prepare(root .. "/etc/" .. name)
    local start = tiny.clock("monotonic")
    local result = check.run { "run", "--rm", "--rootfs", root, "-u", name == "passwd" and "web" or "1:web", "true" }
    assert(result.status == 125, ("%s as %s: %d %s"):format(what, name, result.status, result.err))
    assert(result.err:match("^tinylua") or #result.err > 10, result.err)
    assert(tiny.clock("monotonic") - start < 5, what .. " held it up")
  end
end
refuses("a gigabyte", function(path) os.execute("truncate -s 1G " .. path) end)
refuses("a line of two megabytes", function(path) tiny.write_file(path, ("x"):rep(2 << 20)) end)
refuses("a FIFO", function(path) tiny.mknod(path, "fifo") end)
refuses("a folder", function(path) tiny.mkdir(path) end)
refuses("a link to an endless device", function(path) tiny.symlink("/dev/zero", path) end)
refuses("a link out of the root", function(path) tiny.symlink("../../../tmp/secret", path) end)
refuses("a link to /proc", function(path) tiny.symlink("/proc/self/root/tmp/secret", path) end)
refuses("a link to itself", function(path) tiny.symlink(path:match("[^/]+$"), path) end)
refuses("nothing", function() end)
-- The file was the reason for the refusal: with a valid file the same command succeeds, and a user who exists only on
-- the host is not found.
os.execute("rm -rf /tmp/root/etc; mkdir /tmp/root/etc")
local function as(user) return check.run { "run", "--rm", "--rootfs", root, "-u", user, "id" } end
tiny.write_file(root .. "/etc/passwd", "web:x:1:1::/:\n")
tiny.write_file(root .. "/etc/group", "web:x:7:\n")
assert(as("web").out:match("^uid=1"), as("web").err)
assert(as("1:web").out:match("^uid=1.* gid=7"), as("1:web").err)
local other = tiny.read_file("/etc/passwd"):match("\n([%a_]+):x:%d+:")
check.equal(as(other).status, 125, other)
check.no_container()
