-- mount_overlay: changes are written only to `upper`; layers can have any name, number and length.
local check = require "check"

local function layer(path, files)
  tiny.mkdir(path, { parents = true })
  for name, text in pairs(files or {}) do tiny.write_file(path .. "/" .. name, text) end
  return path
end
for _, name in ipairs { "upper", "work", "merged" } do tiny.mkdir(name) end
layer("low", { a = "low", b = "low", gone = "low" })
layer("low/opaque", { old = "" })

do
  local overlay <close> = tiny.mount_overlay("merged", { lower = { "low" }, upper = "upper", work = "work", volatile = true })
  tiny.write_file("merged/a", "new")
  tiny.remove("merged/gone")
  tiny.remove("merged/opaque", { recursive = true })
  tiny.mkdir("merged/opaque")
  check.equal(tiny.read_file("merged/a"), "new")
  check.equal(#tiny.list_dir("merged/opaque"), 0)
  assert(check.mount_at("/tmp/merged").super_options:find("volatile", 1, true))
end
check.equal(check.mount_at("/tmp/merged"), nil, "after <close>")
check.equal(tiny.read_file("low/a"), "low", "a lower layer")
assert(tiny.stat("low/gone") and tiny.stat("low/opaque/old"), "a lower layer")
check.equal(tiny.read_file("upper/a"), "new")
check.equal(tiny.stat("upper/gone").kind, "char", "the whiteout")

-- Layers created by hand: a whiteout and an opaque directory hide entries, topmost first.
layer("top", { a = "top" })
tiny.mknod("top/gone", "char", { mode = 0 })
tiny.mkdir("top/opaque")
tiny.setxattr("top/opaque", "trusted.overlay.opaque", { value = "y" })
do
  local overlay <close> = tiny.mount_overlay("merged", { lower = { "top", "low" } })
  check.equal(tiny.read_file("merged/a"), "top")
  check.equal(tiny.read_file("merged/b"), "low")
  check.equal(tiny.stat("merged/gone"), nil)
  check.equal(#tiny.list_dir("merged/opaque"), 0)
  check.fails("EROFS", tiny.write_file, "merged/new", "")
end

-- Names with characters that are special to the file system's parser.
for _, name in ipairs { "co:lon", "back\\slash", "com,ma", "end\\", "a\\:b", "sp ace" } do
  local base = "odd/" .. name
  local lower, second = layer(base .. "/lower", { file = name }), layer(base .. "/second", { other = name })
  local upper, work = layer(base .. "/upper"), layer(base .. "/work")
  local overlay <close> = tiny.mount_overlay("merged", { lower = { lower, second }, upper = upper, work = work })
  check.equal(tiny.read_file("merged/file"), name)
  check.equal(tiny.read_file("merged/other"), name)
  tiny.write_file("merged/new", name)
  check.equal(tiny.read_file(upper .. "/new"), name, "upper " .. name)
end

-- More names than fit into one option (255 bytes), and a name that does not fit by itself. Before Linux 6.7 all lower
-- layers are one option, which holds about 14 descriptors.
local kernel = tiny.probe().kernel
local count = kernel.major * 100 + kernel.minor >= 607 and 40 or 12
local many = {}
for i = 1, count do many[i] = layer("/tmp/many/layer-with-a-long-name-" .. i, { ["file" .. i] = "" }) end
do
  local overlay <close> = tiny.mount_overlay("merged", { lower = many })
  check.equal(#tiny.list_dir("merged"), count)
end
local deep = "/tmp/" .. ("d"):rep(200) .. "/" .. ("e"):rep(200)
local lower, upper, work = layer(deep .. "/lower", { file = "deep" }), layer(deep .. "/upper"), layer(deep .. "/work")
do
  local overlay <close> = tiny.mount_overlay("merged", { lower = { lower }, upper = upper, work = work })
  check.equal(tiny.read_file("merged/file"), "deep")
  tiny.write_file("merged/new", "")
  assert(tiny.stat(upper .. "/new"))
end

check.equal(check.fails("ENOENT", tiny.mount_overlay, "merged", { lower = { "low", "nowhere" } }).path, "nowhere")
check.equal(check.fails("ENOTDIR", tiny.mount_overlay, "merged", { lower = { "low", "low/a" } }).path, "low/a")
check.equal(check.fails("ENOENT", tiny.mount_overlay, "merged", { lower = { "low" }, upper = "upper", work = "nowhere" }).path, "nowhere")
check.refuses([[option "lower" is missing: the lower directories, topmost first; they are not changed]], tiny.mount_overlay, "merged", {})
check.refuses("`upper` and `work` must be given together", tiny.mount_overlay, "merged", { lower = { "low" }, upper = "upper" })
check.refuses("an overlay needs one lower directory and an upper one, or two lower ones", tiny.mount_overlay, "merged", { lower = { "low" } })
tiny.try(function()
  local overlay <close> = tiny.mount_overlay("merged", { lower = { "top", "low" } })
  error("x")
end)
check.equal(check.mount_at("/tmp/merged"), nil)

-- redirect and access_as: a mask redirects a directory to another one in a lower layer, whose files are opened as a
-- user who owns none.
for _, path in ipairs { "/tmp/m", "/tmp/h/real/closed", "/tmp/over" } do tiny.mkdir(path, { parents = true }) end
local mask <close> = tiny.mount_tmpfs("/tmp/m", {})
tiny.mkdirs("/tmp/m", { "view" }, { opaque = true })
tiny.write_file("/tmp/h/real/open", "open")
tiny.write_file("/tmp/h/real/secret", "secret", { mode = tonumber("600", 8) })
tiny.write_file("/tmp/h/real/closed/file", "closed")
os.execute("chmod 700 /tmp/h/real/closed")
tiny.mkdir("/tmp/m/view/shown")
tiny.setxattr("/tmp/m/view/shown", "trusted.overlay.redirect", { value = "/real" })
local rights = tiny.caps().effective
local inner <close> = tiny.mount_overlay("/tmp/over", { lower = { "/tmp/m", "/tmp/h" }, redirect = true, access_as = 65534 })
check.equal(#tiny.caps().effective, #rights, "the caller is itself again")
check.equal(tiny.read_file("/tmp/over/view/shown/open"), "open")
check.fails("EACCES", tiny.read_file, "/tmp/over/view/shown/secret")
check.fails("EACCES", tiny.read_file, "/tmp/over/view/shown/closed/file")
check.equal(tiny.stat("/tmp/over/view/shown/secret").uid, 0, "whose it is")
