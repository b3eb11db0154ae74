-- An unprivileged user's layers: ids of its ranges, marks of overlays in user.*, capabilities, and what it cannot have.
local check = require "check"
local tar = require "tar_maker"
local user = require("ordinary").make { delegated = false }

tiny.write_file("/tmp/unpack.lua", [[
local args = ...
local unpack = require "tiny.images.unpack"
local from <close> = tiny.open(args[1])
local unpacker <close> = unpack.open { image = "debian:12", squash_ids = args[2] == "squash" }
local job = unpacker:layer({ digest = (tiny.sha256_file(from)) }, args[1])
print(require "tiny.images.store".layer(job.layer.diff_id), job.report.devices)
]], { mode = tonumber("644", 8) })
local function unpack(entries, ...)
  tiny.write_file("/tmp/layer.tar", tar.archive(entries), { mode = tonumber("644", 8) })
  return check.run { "run", "/tmp/unpack.lua", "/tmp/layer.tar", ... }
end

local CAP = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
local result = unpack {
  tar.dir "o", tar.file("o/.wh..wh..opq", ""), tar.file(".wh.gone", ""), tar.file("web", "x", { uid = 1000, gid = 33, mode = tonumber("4750", 8) }),
  tar.file("ping", "x", { pax = { { "SCHILY.xattr.security.capability", CAP } } }), { name = "null", type = "3", major = 1, minor = 3 },
  tar.dir("closed", 0), tar.file("closed/in", "x"),
}
check.equal(result.status, 0, result.err)
local root, devices = result.out:match "^(%S+)%s+(%d+)"
check.equal(devices, "1", "nobody can create a device in a user namespace")
check.equal(tiny.stat(root .. "/null"), nil)
check.equal(tiny.stat(root).uid, user.uid)
check.equal(tiny.stat(root .. "/web").uid, 3000999)
check.equal(tiny.stat(root .. "/web").gid, 3000032)
check.equal(tiny.stat(root .. "/web").mode, tonumber("4750", 8))
check.equal(tiny.read_file(root .. "/closed/in"), "x")
check.equal(tiny.stat(root .. "/gone").kind .. tiny.stat(root .. "/gone").rdev, "char0")
assert(os.execute(([[python3 -c 'import os, sys, struct
assert os.getxattr(sys.argv[1] + "/o", "user.overlay.opaque") == b"y"
# Valid in namespaces whose root is this user (capabilities(7)).
value = os.getxattr(sys.argv[1] + "/ping", "security.capability")
assert value[3] == 3 and struct.unpack("<I", value[20:24])[0] == %d, value' %s]]):format(user.uid, root)))

-- An id outside of the user's ranges is named with the remedy, or squashed.
local entries = { tar.file("f", "x", { uid = 70000, gid = 5 }) }
result = unpack(entries)
check.equal(result.status, 125)
assert(result.err:find("of debian:12: EINVAL: Invalid argument: f (it belongs to user 70000 and group 5, which this user may not use)", 1, true), result.err)
assert(result.err:find("hint: give this user more ids in /etc/subuid and /etc/subgid", 1, true), result.err)
result = unpack(entries, "squash")
check.equal(result.status, 0, result.err)
root = result.out:match "^%S+"
check.equal(tiny.stat(root .. "/f").uid, user.uid)
check.equal(tiny.stat(root .. "/f").gid, 3000004)
for _, name in ipairs(tiny.list_dir(check.root .. "/images/layers")) do assert(#name == 64, name) end
