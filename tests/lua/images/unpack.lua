-- Layers are unpacked in confined children; digests are verified before the store has the layer, and a failure leaves none.
local check = require "check"
local store = require "tiny.images.store"
local tar = require "tar_maker"
local unpack = require "tiny.images.unpack"

local FILE <const> = "/tmp/layer.tar"
local function layers()
  local names = tiny.list_dir(store.path "layers")
  table.sort(names)
  return table.concat(names, " ")
end
local function made(entries)
  tiny.write_file(FILE, tar.archive(entries))
  local file <close> = tiny.open(FILE)
  local digest = tiny.sha256_file(file)
  return { digest = digest, diff_id = digest }
end
local function fails(text, layer, options)
  local unpacker <close> = unpack.open { image = "debian:12", limits = options }
  local _, err = tiny.try(unpacker.layer, unpacker, layer, FILE)
  assert(err, "not refused: " .. text)
  assert(err.message:find(text, 1, true), err.message)
  assert(err.hint, "a remedy: " .. err.message)
  check.equal(layers(), "", "nothing that looks complete")
  return err
end

-- What the child may do, while it waits for the first byte.
assert(os.execute "mkfifo /tmp/fifo")
local fifo <close> = tiny.open("/tmp/fifo", { read = true, write = true })
local unpacker <close> = unpack.open { image = "debian:12" }
local job = unpacker:start({ digest = "sha256:" .. ("0"):rep(64) }, "/tmp/fifo")
local function status() return tiny.read_file(("/proc/%d/status"):format(job.child.pid)) end
while not status():find "Seccomp:%s+2" do tiny.poll({}, "5ms") end
local mask = 0
for _, bit in ipairs { 0, 1, 3, 4, 27, 31 } do mask = mask | 1 << bit end
for _, set in ipairs { "CapPrm", "CapEff", "CapBnd" } do check.equal(tonumber(status():match(set .. ":%s+(%x+)"), 16), mask, set) end
check.equal(status():match "NoNewPrivs:%s+(%d)", "1")
for _, kind in ipairs { "mnt", "pid", "net", "ipc", "uts" } do
  assert(tiny.readlink("/proc/self/ns/" .. kind) ~= tiny.readlink(("/proc/%d/ns/%s"):format(job.child.pid, kind)), kind)
end
check.equal(tiny.readlink(("/proc/%d/root"):format(job.child.pid)), job.path .. "/fs")
for _, number in ipairs(tiny.list_dir(("/proc/%d/fd"):format(job.child.pid))) do
  local target = tiny.readlink(("/proc/%d/fd/%s"):format(job.child.pid, number))
  assert(target:find "^pipe:" or target == "/tmp/fifo" or target == job.path .. "/fs", target)
end

-- It is killed: the layer is discarded, and the error says so.
tiny.kill(job.child, "SIGKILL")
local _, err = tiny.try(function() while not job:step() do end end)
assert(err.message:find("layer sha256:0000", 1, true) and err.message:find("of debian:12: its child process ended with SIGKILL", 1, true), err.message)
check.equal(layers(), "")
-- So it is when its parent gives up, or dies.
job = unpacker:start({ digest = "sha256:" .. ("0"):rep(64) }, "/tmp/fifo")
assert(layers():find "^%.new%-", layers())
unpacker:close()
check.equal(layers(), "")

-- Digests of the blob and of the content.
local entries = { tar.dir "d", tar.file("d/f", "x"), tar.file("top", "y", { uid = 12, gid = 34 }) }
local layer = made(entries)
local WRONG <const> = "sha256:" .. ("1"):rep(64)
check.equal(fails("the blob is damaged: its digest is " .. layer.digest, { digest = WRONG, diff_id = layer.diff_id }).code, "EBADMSG")
check.equal(fails(("a layer of debian:12 has other content than its configuration says: %s instead of %s"):format(layer.diff_id, WRONG), { digest = layer.digest, diff_id = WRONG }).code, "EBADMSG")

-- What the layer cannot have.
fails("leads upward", made { tar.file("../f", "x") })
fails("the layer has more than 1 files", made(entries), { max_entries = 1 })
fails("is a hard link to", made { tar.link("l", "lower") })
fails("its owner 4294967295 is larger than any id of Linux", made { tar.file("f", "x", { uid = 4294967295 }) })
fails("its owner 2147483648000 is larger than any id of Linux", made { tar.file("f", "x", { uid = 2147483648000 }) })
fails("it is not a tar archive", made { ("x"):rep(1024) })

-- A full disk.
do
  local small <close> = tiny.mount_tmpfs(store.path(), { size = "1m" })
  store.prepare()
  err = fails(("the disk is full: %s needs space"):format(store.path()), made { tar.file("big", ("x"):rep(2 << 20)) })
  check.equal(err.code, "ENOSPC")
end

-- A layer that hides all below it, an opaque directory, capabilities and owners.
local CAP = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
layer = made { tar.file(".wh..wh..opq", ""), tar.file("o/.wh..wh..opq", ""), tar.file("o/.wh.gone", ""), { name = "null", type = "3", major = 1, minor = 3 },
  tar.file("ping", "x", { mode = tonumber("4755", 8), uid = 65534, pax = { { "SCHILY.xattr.security.capability", CAP } } }) }
local again <close> = unpack.open {}
local seen = 0
again:layer(layer, FILE, function(bytes) seen = bytes end)
check.equal(layers(), layer.diff_id:sub(8))
check.equal(store.hides_all(layer.diff_id), true)
local root = store.layer(layer.diff_id)
check.equal(tiny.stat(root .. "/ping").mode, tonumber("4755", 8))
check.equal(tiny.stat(root .. "/ping").uid, 65534)
check.equal(tiny.stat(root .. "/null").kind, "char")
check.equal(tiny.stat(root .. "/o/gone").rdev, 0)
assert(os.execute(([[python3 -c 'import os, sys
assert os.getxattr(sys.argv[1] + "/o", "trusted.overlay.opaque") == b"y"
assert os.getxattr(sys.argv[1] + "/ping", "security.capability")[4:8] == b"\x00\x04\x00\x00"' %s]]):format(root)))
-- The store has the layer: another process's copy is discarded.
again:layer(layer, FILE)
check.equal(layers(), layer.diff_id:sub(8))
