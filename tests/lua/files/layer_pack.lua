-- layer_pack: the upper directory of an overlay becomes a layer, which gives the same overlay again; GNU tar and Python read it.
local check = require "check"
local tar = require "tar_maker"

local function run(command) assert(os.execute(command), command) end
local function pack(from, to, options)
  local out <close> = tiny.open(to, { write = true, create = true, truncate = true })
  options = options or {}
  options.to = out
  return tiny.layer_pack(from, options)
end
local function unpack(path, into)
  tiny.mkdir(into, { mode = tonumber("755", 8) })
  local from <close> = tiny.open(path)
  return tiny.layer_unpack(from, { into = into, xattr = "trusted" })
end
local function merged(upper)
  tiny.mkdir("m", { parents = true })
  check.inside({ mount = true }, function()
    tiny.mount_overlay("m", { lower = { upper, "lower" }, read_only = true })
    tiny.write_file("shown", tar.shown "m")
  end)
  return tiny.read_file "shown"
end

-- Changes through an overlay, as a container makes them.
run [[mkdir -p lower/keep lower/gone lower/again lower/etc upper work m && echo old | tee lower/keep/f lower/gone/f lower/again/f lower/etc/a >lower/etc/b]]
check.inside({ mount = true }, function()
  tiny.mount_overlay("m", { lower = { "lower" }, upper = "upper", work = "work" })
  run [[cd m && rm -r gone etc/a && rm -r again && mkdir again && echo new >again/new && echo more >>keep/f && ln keep/f keep/hard &&
    chown 70000:3000000 keep/f && ln -s /x keep/link && mkfifo keep/pipe && mknod keep/null c 1 3 && chmod 2751 keep && truncate -s 100000 holes]]
end)
local long = ("long-name"):rep(25)
tiny.write_file("upper/" .. long, "long")
tiny.symlink(("t/"):rep(150), "upper/long-link")
-- On tmpfs since Linux 6.6.
tiny.try(tiny.setxattr, "upper/again/new", "user.note", { value = "a\0b" })
run "touch -h -d @1234567890 upper/keep/* upper/again/* upper/* && touch -d @-100 upper/holes"
local before = merged "upper"
assert(not before:find("/gone", 1, true) and not before:find("/again/f", 1, true), before)

local report = pack("upper", "layer.tar")
local file <close> = tiny.open "layer.tar"
check.equal(report.diff_id, (tiny.sha256_file(file)))
check.equal(report.digest, report.diff_id)
check.equal(report.whiteouts, 3, "gone, etc/a and the opaque mark of again")
unpack("layer.tar", "back")
-- Times have no fractions.
check.equal(merged "back", before)
for _, how in ipairs { "gzip", "zstd" } do
  local packed = pack("upper", "layer." .. how, { compress = how })
  check.equal(packed.diff_id, report.diff_id, "the same bytes again")
  assert(packed.digest ~= report.digest and packed.size == tiny.stat("layer." .. how).size)
  check.equal(unpack("layer." .. how, "back-" .. how).diff_id, report.diff_id)
end
check.equal(pack("upper", "again.gz", { compress = "gzip", level = 9 }).diff_id, report.diff_id)

-- As a plain archive, for others.
run "mkdir gnu python && tar -C gnu -xpf layer.tar && python3 -c 'import tarfile; t = tarfile.open(\"layer.tar\"); [t.extract(m, \"python\") for m in t]'"
for _, name in ipairs { "gnu", "python" } do
  check.equal(tiny.read_file(name .. "/" .. long), "long")
  check.equal(tiny.stat(name .. "/keep/f").gid, 3000000)
  check.equal(tiny.stat(name .. "/keep/f").ino, tiny.stat(name .. "/keep/hard").ino)
  check.equal(tiny.stat(name .. "/.wh.gone").size, 0)
  check.equal(tiny.stat(name .. "/again/.wh..wh..opq").size, 0)
  check.equal(tiny.stat(name .. "/holes").mtime, -100.0)
  check.equal(tiny.readlink(name .. "/long-link"), ("t/"):rep(150))
end

-- What a layer cannot have.
tiny.write_file("upper/.wh.x", "")
local err = check.fails("EINVAL", pack, "upper", "x.tar")
assert(err.message:find("upper/.wh.x (a layer cannot have a file of this name", 1, true), err.message)
tiny.remove "upper/.wh.x"
tiny.setxattr("upper/keep", "trusted.overlay.redirect", { value = "/etc" })
err = check.fails("EOPNOTSUPP", pack, "upper", "x.tar")
assert(err.message:find("upper/keep (it is a renamed directory, whose content is in a lower layer", 1, true), err.message)
check.fails("ENOENT", pack, "nowhere", "x.tar")
