-- layer_unpack: layers as GNU tar packs them, whiteouts wherever they are, hard links, and what is refused.
local check = require "check"
local tar = require "tar_maker"

local function run(command) assert(os.execute(command), command) end
local count = 0
-- Unpacks a file into a new directory; returns it and the report.
local function unpack(path, options)
  count = count + 1
  local into = "out" .. count
  tiny.mkdir(into, { mode = tonumber("755", 8) })
  local from <close> = tiny.open(path)
  options = options or {}
  options.into = into
  options.xattr = options.xattr or "trusted"
  return into, tiny.layer_unpack(from, options)
end
local function layer(entries, options)
  tiny.write_file("layer.tar", tar.archive(entries))
  return unpack("layer.tar", options)
end
local function fails(code, text, entries, options)
  local err = check.fails(code, layer, entries, options)
  assert(err.message:find(text, 1, true), err.message)
  return err
end
-- What an overlay of this layer above another directory shows.
local function over(lower, upper)
  local shown
  tiny.mkdir("merged", { parents = true })
  check.inside({ mount = true }, function()
    tiny.mount_overlay("merged", { lower = { upper, lower }, read_only = true })
    tiny.write_file("shown", tar.shown("merged", { times = false }))
  end)
  shown = tiny.read_file("shown")
  return shown
end

-- The same tree as GNU tar's, and both digests, in each form of compression.
run [[mkdir -p src/sub/deep src/empty && echo text >src/plain && chown 1000:2000 src/plain && chmod 4750 src/plain && ln -s plain src/link &&
  ln src/plain src/sub/hard && mkfifo src/pipe && mknod src/null c 1 3 && mknod src/disk b 8 1 && chmod 2775 src/sub && chown :3000 src/sub &&
  mkdir src/sub/below && head -c 300000 /dev/urandom >src/sub/big && truncate -s 1M src/sparse && echo x >>src/sparse && chmod 1777 src/empty &&
  touch -h -d @1000000000 src/* src/sub/* src/sub && touch -h -d @-5 src/link]]
local long = ("long"):rep(40)
tiny.mkdir("src/" .. long)
tiny.write_file("src/" .. long .. "/" .. long, "long")
for _, form in ipairs { "gnu", "pax", "v7", "ustar" } do
  local out = form == "v7" and "--exclude=null --exclude=disk --exclude=pipe --exclude=link --exclude=long* " or form == "ustar" and "--exclude=link --exclude=long* " or ""
  run(("tar 2>/dev/null --format=%s %s --sort=name -C src -cf %s.tar . && mkdir ref-%s && tar -C ref-%s -xpf %s.tar"):format(form, out, form, form, form, form))
  local into, report = unpack(form .. ".tar")
  check.equal(tar.shown(into), tar.shown("ref-" .. form), form)
  check.equal(tiny.stat(into .. "/plain").ino, tiny.stat(into .. "/sub/hard").ino)
  check.equal(report.digest, report.diff_id)
  check.equal(report.stream, tiny.stat(form .. ".tar").size)
end
run "gzip -k pax.tar && { head -c 1000 pax.tar | gzip; tail -c +1001 pax.tar | gzip; } >two.tar.gz"
-- Sparse files in each format keep their holes.
for _, form in ipairs { "gnu", "pax --sparse-version=0.0", "pax --sparse-version=0.1", "pax --sparse-version=1.0" } do
  run(("tar --sparse --format=%s -C src -cf holes.tar sparse"):format(form))
  local into = unpack "holes.tar"
  check.equal(tiny.stat(into .. "/sparse").size, tiny.stat("src/sparse").size)
  run(("cmp src/sparse %s/sparse && test $(stat -c %%b %s/sparse) -lt 100"):format(into, into))
end
local files = { "pax.tar.gz", "two.tar.gz" }
if os.execute "command -v zstd >/dev/null" then
  run "zstd -q pax.tar"
  table.insert(files, "pax.tar.zst")
end
for _, name in ipairs(files) do
  local into, report = unpack(name)
  check.equal(tar.shown(into), tar.shown "ref-pax", name)
  for key, path in pairs { digest = name, diff_id = "pax.tar" } do
    local file <close> = tiny.open(path)
    check.equal(report[key], (tiny.sha256_file(file)))
  end
  check.equal(report.size, tiny.stat(name).size)
end

-- Whiteouts, before and after what the layer itself has (image-spec#171), with and without an entry for the parent.
run "mkdir -p lower/a/b lower/gone lower/kept && echo old | tee lower/a/b/f lower/a/g lower/gone/f lower/kept/f lower/top >lower/a/b/h"
local WH, OPQ = function(path) return tar.file(path, "") end, ".wh..wh..opq"
local cases = {
  { name = "a file", { WH "a/.wh.g" }, "/a/g" },
  { name = "a directory", { WH ".wh.gone" }, "/gone" },
  { name = "replaced by a file", { WH ".wh.top", tar.file("top", "new") }, nil, "/top file 644 0:0 3" },
  { name = "replaced by a directory", { WH ".wh.gone", tar.dir "gone", tar.file("gone/new", "n") }, "/gone/f", "/gone/new file" },
  { name = "an opaque directory", { tar.dir "kept", WH("kept/" .. OPQ), tar.file("kept/new", "n") }, "/kept/f", "/kept/new file" },
  { name = "an opaque directory without an entry", { WH("a/b/" .. OPQ) }, "/a/b/f", "/a/g file" },
  { name = "below another whiteout", { WH "a/.wh.b", WH "a/b/.wh.h" }, "/a/b" },
  { name = "twice", { WH ".wh.top", WH ".wh.top" }, "/top" },
  { name = "a device as overlayfs has it", { { name = "top", type = "3" } }, "/top" },
}
for _, case in ipairs(cases) do
  local entries = case[1]
  local orders = { entries, {} }
  for i, e in ipairs(entries) do orders[2][#entries + 1 - i] = e end
  for _, order in ipairs(orders) do
    local shown = over("lower", (layer(order))) .. "\n"
    if case[2] then assert(not shown:find("\n" .. case[2] .. " ", 1, true), case.name .. ": " .. shown) end
    if case[3] then assert(shown:find("\n" .. case[3], 1, true), case.name .. ": " .. shown) end
    assert(shown:find("\n/a dir", 1, true), case.name)
  end
end
-- A link in the place of the directory hides the lower one already: nothing is removed where it leads.
local shown = over("lower", (layer { tar.symlink("gone", "kept"), WH "gone/.wh.f", WH("gone/" .. OPQ) }))
assert(shown:find("/kept/f file", 1, true) and shown:find("/gone link", 1, true), shown)
-- What AUFS kept for itself is no file; a name with the letters elsewhere is one.
local _, report = layer { tar.dir ".wh..wh.plnk", tar.file ".wh..wh.plnk/1.2", tar.file ".wh..wh.aufs", tar.file "a.wh.b" }
check.equal(tar.shown("out" .. count, { times = false }):gsub("^[^\n]*\n", ""), "/a.wh.b file 644 0:0 6 " .. tiny.sha256("a.wh.b"):sub(1, 8))
-- The root of a layer and what may not be set are reported.
local from <close> = tiny.open "layer.tar"
tiny.write_file("layer.tar", tar.archive { WH(OPQ), WH("a/" .. OPQ), WH ".wh.x" })
tiny.mkdir "reported"
local opened <close> = tiny.open "layer.tar"
report = tiny.layer_unpack(opened, { into = "reported" })
check.equal(table.concat(report.opaque, " "), " a")
check.equal(report.whiteouts, 1)
for _, name in ipairs { ".wh.", ".wh..", ".wh...", "a/.wh." } do fails("EINVAL", "it is a whiteout of no file", { WH(name) }) end
fails("EINVAL", "it is in a whiteout", { tar.file ".wh.a/b" })

-- Later entries replace earlier ones; directories are merged; parents may be missing.
into = layer {
  tar.file("x/y/z", "deep"), tar.file("f", "one"), tar.file("f", "two"), tar.dir "d", tar.file "d/in", tar.file("d", "file"),
  tar.symlink("s", "x"), tar.dir "s", tar.file("s/in", "s"), tar.dir("x", tonumber("700", 8)), tar.file("l", "l"), tar.symlink("l", "f"),
}
check.equal(tiny.read_file(into .. "/x/y/z"), "deep")
check.equal(tiny.read_file(into .. "/f"), "two")
check.equal(tiny.read_file(into .. "/d"), "file")
check.equal(tiny.read_file(into .. "/s/in"), "s")
check.equal(tiny.stat(into .. "/x/in"), nil)
check.equal(tiny.stat(into .. "/x").mode, tonumber("700", 8))
check.equal(tiny.readlink(into .. "/l"), "f")
fails("ENOTDIR", "a/b (the layer has a file where its directory should be)", { tar.file "a", tar.file "a/b" })

-- Hard links to earlier, later and missing files.
into, report = layer {
  tar.link("early", "f"), tar.link("chain", "early"), tar.file("f", "f"), tar.link("late", "f"), tar.link("lost", "below/f"), tar.file("again", "a"),
  tar.link("again", "f"), tar.symlink("s", "f"), tar.link("hs", "s"), tar.link("f", "f"),
}
for _, name in ipairs { "early", "chain", "late", "again" } do check.equal(tiny.stat(into .. "/" .. name).ino, tiny.stat(into .. "/f").ino, name) end
check.equal(tiny.readlink(into .. "/hs"), "f")
check.equal(#report.links, 1)
check.equal(table.concat(report.links[1], " "), "lost below/f")
fails("EPERM", "a hard link to a directory", { tar.dir "d", tar.link("l", "d") })
fails("EINVAL", "it is a hard link to no file", { tar.file("f", "f"), tar.link("l", ".wh.f") })
fails("EINVAL", "it is a hard link to no file", { tar.link("l", ".") })
fails("EINVAL", "leads upward", { tar.link("l", "../f") })

-- The root of the layer is described, and is a directory.
into = layer { { name = "./", type = "5", mode = tonumber("751", 8), uid = 7 } }
check.equal(tiny.stat(into).mode, tonumber("751", 8))
check.equal(tiny.stat(into).uid, 7)
fails("EINVAL", "the root of the layer is not a directory", { tar.symlink("./", "x") })
-- The group's bit of a directory is not inherited.
into = layer { tar.dir("g", tonumber("2755", 8)), tar.dir("g/plain", tonumber("755", 8)), tar.file("g/f", "x", { gid = 5 }) }
check.equal(tiny.stat(into .. "/g/plain").mode, tonumber("755", 8))
check.equal(tiny.stat(into .. "/g/f").gid, 5)

-- Attributes: those of users and capabilities are kept, those of overlays dropped.
local CAP = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
into = layer { tar.file("f", "x", { mode = tonumber("755", 8), pax = {
  { "SCHILY.xattr.security.capability", CAP }, { "SCHILY.xattr.user.note", "h\ni=1" }, { "SCHILY.xattr.user.overlay.metacopy", "" },
  { "SCHILY.xattr.trusted.overlay.redirect", "/etc" }, { "SCHILY.xattr.trusted.x", "y" },
} }), { name = "d/", type = "5", mode = 493, pax = { { "SCHILY.xattr.user.overlay.opaque", "y" }, { "SCHILY.xattr.trusted.overlay.opaque", "y" }, { "SCHILY.xattr.user.note", "d" } } } }
-- tmpfs has those of users since Linux 6.6.
tiny.write_file("probe", "")
local users = tiny.try(function()
  tiny.setxattr("probe", "user.test", { value = "y" })
  return true
end)
run([[python3 -c 'import os, sys
users = sys.argv[2] == "true"
f, d = sys.argv[1] + "/f", sys.argv[1] + "/d"
assert sorted(os.listxattr(f)) == ["security.capability"] + ["user.note"] * users, os.listxattr(f)
assert not users or os.getxattr(f, "user.note") == b"h\ni=1"
assert os.getxattr(f, "security.capability")[4:8] == b"\x00\x04\x00\x00"
assert os.listxattr(d) == ["user.note"] * users, os.listxattr(d)' ]] .. into .. " " .. tostring(users or false))

-- Limits, and damage.
fails("EFBIG", "the layer has more than 2 files", { tar.file "a", tar.file "b", tar.file "c" }, { max_entries = 2 })
fails("EFBIG", "the layer has more than 4096 bytes", { tar.file("a", ("x"):rep(9000)) }, { max_bytes = "4k" })
run "head -c 200000 pax.tar.gz >cut.tar.gz; { head -c 1000 pax.tar.gz; echo damaged; tail -c +1009 pax.tar.gz; } >bad.tar.gz"
for _, name in ipairs { "cut.tar.gz", "bad.tar.gz" } do
  local err = check.fails("EINVAL", unpack, name)
  assert(err.message:find("damaged", 1, true), err.message)
end
check.fails("EINVAL", unpack, "/dev/null")
check.refuses("option \"into\" is missing: the directory: its path or handle", tiny.layer_unpack, opened)

-- Without privileges: owners are named with the remedy, or squashed; devices are skipped.
tiny.write_file("layer.tar", tar.archive { tar.file("f", "x", { uid = 5, gid = 6 }) })
tiny.mkdir("mine", { mode = 511 })
tiny.chown("mine", { uid = 1234, gid = 1234 })
check.inside({}, function()
  tiny.setuser(1234, { gid = 1234, groups = {} })
  local from <close> = tiny.open "layer.tar"
  local err = check.fails("EPERM", tiny.layer_unpack, from, { into = "mine" })
  assert(err.message:find("f (it belongs to user 5 and group 6, which this user may not use)", 1, true), err.message)
  assert(err.hint:find("/etc/subuid", 1, true), err.hint)
  local again <close> = tiny.open "layer.tar"
  tiny.layer_unpack(again, { into = "mine", squash_ids = true })
end)
check.equal(tiny.stat("mine/f").uid, 1234)
