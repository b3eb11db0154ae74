-- A layer that creates a link to the host and then writes, removes or changes something through it (CVE-2021-29136,
-- CVE-2025-11395, CVE-2026-46703, CVE-2026-33056, CVE-2021-32760): each kind of link with each kind of entry. The tree that the
-- links lead to stays as it is.
local check = require "check"
local tar = require "tar_maker"

local HOST <const> = "/tmp/canary"
-- The attacker's user may change everything there.
tiny.mkdir(HOST, { mode = tonumber("777", 8) })
tiny.mkdir(HOST .. "/d", { mode = tonumber("777", 8) })
for _, name in ipairs { "f", "d/f" } do tiny.write_file(HOST .. "/" .. name, "canary", { mode = tonumber("666", 8) }) end
local owner = tiny.stat(check.root).uid
for _, name in ipairs { "", "/d", "/f", "/d/f" } do tiny.chown(HOST .. name, { uid = owner, gid = owner }) end

-- Unpacks the archive given in the store, as a pull does, and shows the layer or the error.
tiny.write_file("/tmp/unpack.lua", [[
local args = ...
local unpack, store = require "tiny.images.unpack", require "tiny.images.store"
local from <close> = tiny.open(args[1])
local unpacker <close> = unpack.open { image = "evil:1", squash_ids = true }
local job = unpacker:layer({ digest = (tiny.sha256_file(from)) }, args[1])
print(job.layer.diff_id)
]], { mode = tonumber("644", 8) })

local function unpack(entries)
  tiny.write_file("/tmp/layer.tar", tar.archive(entries), { mode = tonumber("644", 8) })
  return check.run { "run", "/tmp/unpack.lua", "/tmp/layer.tar" }
end

local XATTR = { { "SCHILY.xattr.user.evil", "yes" }, { "SCHILY.xattr.user.overlay.opaque", "y" } }
local MODE = tonumber("4777", 8)
-- What is done below the link, and to the link's own name.
local function deeds(at)
  return {
    { tar.file(at .. "/f", "evil") }, { tar.file(at .. "/new", "evil") }, { tar.dir(at .. "/new") }, { tar.dir(at .. "/d", MODE) },
    { tar.link("own", at .. "/f") , tar.file("own", "evil") }, { tar.link("own", at .. "/f"), tar.file("x", "x"), tar.link("x", "own") },
    { tar.link(at .. "/f", "mine") }, { tar.symlink(at .. "/f", "evil") }, { tar.file(at .. "/.wh.f", "") }, { tar.file(at .. "/.wh.d", "") },
    { tar.file(at .. "/d/.wh..wh..opq", "") }, { tar.file(at .. "/.wh..wh..opq", "") }, { { name = at .. "/f", type = "6" } },
    { { name = at .. "/f", type = "3", major = 1, minor = 3 } }, { { name = at .. "/f", type = "3" } }, { { name = at .. "/d/", type = "5", mode = MODE, mtime = 5 } },
    { { name = at .. "/f", data = "evil", mode = MODE, uid = 1, gid = 1, mtime = 5, pax = XATTR } },
    { { name = at .. "/d/", type = "5", mode = MODE, uid = 1, pax = XATTR } }, { { name = at .. "/", type = "5", mode = MODE, mtime = 5, pax = XATTR } },
    { { name = at, data = "evil", mode = MODE } }, { tar.file(at .. "/d/.wh.f", ""), tar.file(at .. "/d", "evil") },
    { { name = "mine/../" .. at .. "/f", data = "evil" } },
  }
end

local UP = ("../"):rep(30)
local links = {
  { tar.symlink("l", HOST) }, { tar.symlink("l", UP .. HOST:sub(2)) }, { tar.symlink("a", "/"), tar.symlink("l", "a" .. HOST) },
  { tar.symlink("l", "/proc/self/root" .. HOST) }, { tar.symlink("l", "/proc/1/cwd/" .. UP .. HOST:sub(2)) },
  { tar.dir "x", tar.symlink("x/up", ".."), tar.symlink("l", "x/up/" .. UP .. HOST:sub(2)) },
}

local before = tar.shown(HOST)
local tried = 0
for i, link in ipairs(links) do
  for _, deed in ipairs(deeds "l") do
    -- The first kind of link with each deed in both orders, the others only in the order that leads somewhere.
    for _, first in ipairs(i == 1 and { true, false } or { true }) do
      local entries = { tar.file("mine", "mine") }
      for _, list in ipairs(first and { link, deed } or { deed, link }) do table.move(list, 1, #list, #entries + 1, entries) end
      local result = unpack(entries)
      tried = tried + 1
      check.equal(tar.shown(HOST), before, ("link %d, after %s: the host's tree"):format(i, result.err))
      assert(result.status == 0 or result.err:find "^tinylua: layer sha256:", result.err)
    end
  end
end

-- Names that lead upward or are absolute.
for _, name in ipairs { "../../../../.." .. HOST .. "/f", HOST .. "/f", "a/../../../../.." .. HOST .. "/f", "./." .. HOST .. "/f", "//" .. HOST .. "//f", "..", "a/..", "." } do
  for _, e in ipairs { tar.file(name, "evil"), { name = name .. "/", type = "5", mode = MODE }, tar.symlink(name, "x"), { name = "l", type = "1", link = name } } do
    local result = unpack { e }
    tried = tried + 1
    check.equal(tar.shown(HOST), before, name)
    assert(result.status == 0 or result.err:find "^tinylua: layer sha256:", result.err)
  end
end
assert(tried > 170, tried)
-- Layers that were refused leave nothing that looks complete.
for _, name in ipairs(tiny.list_dir(check.root .. "/images/layers")) do assert(name:find "^%x+$" and #name == 64, name) end
