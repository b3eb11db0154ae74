-- image mount and umount: where an image is mounted, how often, what keeps its layers, and what an unprivileged user needs.
local check = require "check"
local maker = require "image_maker"

local ordinary = check.start ~= tiny.fork
maker.image("debian:12", { { name = "one", ["etc/a"] = "one", ["etc/b"] = "one" }, { name = "two", ["etc/a"] = "two", ["etc/b"] = { removed = true } } }, { Cmd = { "sh" } })
local single = maker.image("single", { { name = "one" , ["etc/a"] = "one", ["etc/b"] = "one" } }, {})
local empty = maker.image("empty", {}, {})
check.equal(check.succeeds("image", "mount"), "")
check.equal(check.succeeds("image", "mount", "--format", "json"), "[]\n")

if ordinary then
  -- The kernel lets only root of a user namespace mount.
  check.refused("image mount single:latest: this user may not mount anything here\n  hint: be root, or enter a user namespace first: unshare --user --map-root-user --map-auto --mount; the mount ends with it", "image", "mount", "single")
  check.equal(#(tiny.list_dir(check.root .. "/images/mounts") or {}), 1, "only the lock")
  local script = [[
    path=$($0 --root $1 image mount debian:12) && cat $path/etc/a && ls $path/etc && stat -c %u $path/etc/a && $0 --root $1 image umount debian:12 && $0 --root $1 image mount && $0 --root $1 image mount single >/dev/null
  ]]
  local out, program = "/tmp/ordinary/out", check.copy_program "/tmp/ordinary/tinylua" or "/tmp/ordinary/tinylua"
  local child = check.start(function()
    local file <close> = tiny.open(out, { write = true, create = true })
    for number = 1, 2 do tiny.dup2(file, number) end
    tiny.exec { env = check.environment, "unshare", "--user", "--map-root-user", "--map-auto", "--mount", "sh", "-c", script, program, check.root }
  end)
  local status = child:wait()
  check.equal(tiny.read_file(out):gsub("sha256:%x+", "ID"), "twoa\n0\nID\n")
  check.equal(status, 0)
  check.succeeds "gc"
  check.equal(#tiny.list_dir(check.root .. "/images/mounts"), 1)
  return
end

local path = check.succeeds("image", "mount", "debian:12"):match("^([^\n]+)\n$")
local mount = check.mount_at(path)
assert(mount and ("," .. mount.options .. ","):find(",ro,", 1, true) and mount.options:find("nodev", 1, true), mount and mount.options)
check.equal(tiny.read_file(path .. "/etc/a"), "two")
check.equal(tiny.stat(path .. "/etc/b"), nil)
check.fails("EROFS", tiny.write_file, path .. "/new", "x")
check.equal(check.succeeds("image", "mount"), ("debian:12  %s\n"):format(path))

-- A second mount is the same one, and has to be unmounted, too.
check.equal(check.succeeds("image", "mount", "debian:12", "single"):match("^[^\n]+"), path)
local listed = {}
for _, one in ipairs(tiny.json_decode(check.succeeds("image", "mount", "--format", "json"))) do listed[one.name] = one end
check.equal(listed["debian:12"].count, 2)
check.equal(listed["debian:12"].path, path)
check.equal(listed.single, nil)
check.equal(listed["single:latest"].id, single.config)
check.succeeds("image", "umount", "debian:12", single.config:sub(8, 19))
assert(check.mount_at(path))
check.equal(check.succeeds("image", "umount", "debian:12"), listed["debian:12"].id .. "\n")
check.equal(check.mount_at(path), nil)
check.equal(tiny.stat(path), nil)
local gone = check.run { "image", "umount", "debian:12", "nothing" }
check.equal(gone.err, 'tinylua: "debian:12" is not mounted\n  hint: `tinylua image mount` lists what is\ntinylua: "nothing" is not mounted\n  hint: `tinylua image mount` lists what is\n')
check.equal(gone.status, 1)

-- While it is mounted, its layers stay, even without a name.
path = check.succeeds("image", "mount", "single"):match("^[^\n]+")
check.succeeds("rmi", "single", "debian:12")
check.succeeds "gc"
check.equal(tiny.read_file(path .. "/etc/a"), "one")
check.equal(check.succeeds("image", "mount"), ("single:latest  %s\n"):format(path))
-- In use: it is refused, or forced.
local inside <close> = tiny.open(path .. "/etc/a")
local busy = check.run { "image", "umount", "single:latest" }
check.equal(busy.err, ("tinylua: %s is in use by a process\n  hint: `fuser -vm %s` shows which; --force unmounts it anyway\n"):format(path, path))
assert(check.mount_at(path))
check.succeeds("image", "umount", "--force", "single:latest")
check.equal(check.mount_at(path), nil)
inside:close()
check.succeeds "gc"
check.equal(tiny.stat(check.root .. "/images/layers/" .. single.layers[1].diff_id:sub(8)), nil)

-- All of them, one without layers.
local all = check.succeeds("image", "mount", "--all")
path = assert(all:match("^empty:latest  ([^\n]+)\n$"), all)
check.equal(#tiny.list_dir(path), 0)
check.succeeds("image", "mount", "--all")
check.equal(check.succeeds("image", "umount", "--all"), empty.config .. "\n")
check.equal(check.mount_at(path), nil)
for _, words in ipairs { { "mount", "-a", "empty" }, { "umount", "-a", "empty" }, { "umount" } } do check.equal(check.run({ "image", table.unpack(words) }).status, 2) end

-- Mounted in another mount namespace: it counts until that ends.
local from, into = tiny.pipe()
local child = tiny.clone({ mount = true }, function()
  into:close()
  tiny.mount_private "/"
  check.succeeds("image", "mount", "empty")
  tiny.write_file("/tmp/mounted", "")
  from:read()
end)
from:close()
local function records() return #tiny.list_dir(check.root .. "/images/mounts") - 1 end
while not tiny.stat "/tmp/mounted" do tiny.poll({}, "10ms") end
check.succeeds "gc"
check.equal(records(), 1)
check.equal(check.succeeds("image", "mount"), "")
into:close()
child:wait()
check.succeeds "gc"
check.equal(records(), 0)

-- A namespace with a copy of the mounts does not remove the folder of the mount, which would end it here.
path = check.succeeds("image", "mount", "empty"):match("^[^\n]+")
local copy <close> = tiny.clone({ mount = true }, function()
  tiny.mount_private "/"
  return check.run({ "image", "umount", "empty" }).status
end)
check.equal(copy:wait(), 1)
assert(check.mount_at(path))
check.succeeds("image", "umount", "empty")

-- What was mounted before the machine was started again is forgotten; a damaged record is not taken for an unused image.
path = check.succeeds("image", "mount", "empty"):match("^[^\n]+")
local record = path:gsub("fs$", "image.json")
tiny.umount(path)
check.equal(check.succeeds("image", "mount"), "")
path = check.succeeds("image", "mount", "empty"):match("^[^\n]+")
check.succeeds "gc"
check.equal(tiny.stat(record), nil)
tiny.write_file((path:gsub("fs$", "image.json")), "{")
check.succeeds("rmi", "empty")
assert(check.run({ "image", "prune", "-f" }).err:find("the record of the image that is mounted at " .. path .. " is damaged: unmount it with umount", 1, true))
tiny.umount(path)
check.succeeds("image", "prune", "-f")
for _, folder in ipairs { "mounts", "refs", "blobs/sha256", "layers", "trash" } do check.equal(#tiny.list_dir(check.root .. "/images/" .. folder), folder == "mounts" and 1 or 0, folder) end
