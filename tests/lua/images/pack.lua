-- The changes of a container become a layer, which has the same files.
local check = require "check"
local pack = require "tiny.images.pack"
local store = require "tiny.images.store"
local tar = require "tar_maker"
local unpack = require "tiny.images.unpack"

assert(os.execute [[mkdir -p upper/d && echo text >upper/d/f && mknod -m 0 upper/gone c 0 0 && chmod 0 upper/d]])
tiny.setxattr("upper/d", "trusted.overlay.opaque", { value = "y" })
tiny.chown("upper/d/f", { uid = 100005, gid = 200006 })
assert(os.execute "chmod 4711 upper/d/f")

local function packed(options)
  local out <close> = tiny.open("/tmp/layer", { write = true, create = true, truncate = true })
  local report = pack.directory(tiny.readlink "/proc/self/cwd" .. "/upper", out, options)
  return report
end
local last
local report = packed { compress = "gzip", progress = function(bytes) last = bytes end }
check.equal(report.whiteouts, 2)
check.equal(report.size, tiny.stat("/tmp/layer").size)
local unpacker <close> = unpack.open {}
unpacker:layer({ digest = report.digest, diff_id = report.diff_id }, "/tmp/layer")
check.equal(tar.shown(store.layer(report.diff_id), { times = false }), tar.shown("upper", { times = false }))

-- A link to the host is packed as a link.
tiny.symlink("/etc", "upper/etc")
report = packed {}
unpacker:layer({ digest = report.digest, diff_id = report.diff_id }, "/tmp/layer")
check.equal(tiny.readlink(store.layer(report.diff_id) .. "/etc"), "/etc")
