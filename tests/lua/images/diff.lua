-- image diff: files that were added, changed and deleted between two images, and by a layer; and diff of a container.
local check = require "check"
local maker = require "image_maker"

local base = { name = "base", ["etc/same"] = "same", ["etc/a"] = "one", ["etc/gone"] = "x", ["dir/x/y"] = "x", ["opaque/old"] = "x", link = { link = "etc/a" }, kind = "a file", mode = { mode = tonumber("755", 8) } }
local two = { name = "two", ["etc/a"] = "two", ["etc/gone"] = { removed = true }, dir = { removed = true }, opaque = { opaque = true }, ["opaque/new"] = "x", link = { link = "etc/same" },
  ["kind/inside"] = "x", ["new/file"] = "x", ["mode"] = { mode = tonumber("700", 8) }, ["a\nb"] = "x" }
local first = maker.image("debian:12", { base }, {})
local second = maker.image("app:1", { base, two }, {})
-- The same files from another build: nothing differs.
local again = maker.image("again:1", { { name = "rebuilt", ["etc/same"] = "same", ["etc/a"] = "one", ["etc/gone"] = "x", ["dir/x/y"] = "x", ["opaque/old"] = "x", link = { link = "etc/a" }, kind = "a file", mode = { mode = tonumber("755", 8) } } }, {})
maker.image("empty", {}, {})

local CHANGES = "A  /a\\x0ab\nD  /dir\nC  /etc/a\nD  /etc/gone\nC  /kind\nA  /kind/inside\nC  /link\nC  /mode\nA  /new\nA  /new/file\nA  /opaque/new\nD  /opaque/old\n"
check.equal(check.succeeds("image", "diff", "debian:12", "app:1"), CHANGES)
check.equal(check.succeeds("image", "diff", "app:1"), CHANGES, "what its topmost layer changed")
check.equal(check.succeeds("image", "diff", second.layers[2].diff_id:sub(8, 19)), CHANGES)
check.equal(check.succeeds("image", "diff", second.layers[1].diff_id, "app:1"), CHANGES)
check.equal(check.succeeds("image", "diff", "debian:12", "debian:12"), "")
check.equal(check.succeeds("image", "diff", "debian:12", again.config:sub(8, 19)), "")
local back = check.succeeds("image", "diff", "app:1", "debian:12")
assert(back:find("A  /dir\nA  /dir/x\nA  /dir/x/y\n", 1, true) and back:find("C  /kind\nC  /link\n", 1, true), back)
-- A single layer is all new; nothing is nothing.
check.equal(select(2, check.succeeds("image", "diff", "debian:12"):gsub("A  /", "")), 12)
check.equal(check.succeeds("image", "diff", "empty"), "")
check.equal(check.succeeds("image", "diff", "debian:12", "empty"), "D  /dir\nD  /etc\nD  /kind\nD  /link\nD  /mode\nD  /opaque\n")

local listed = tiny.json_decode(check.succeeds("image", "diff", "--format", "json", "debian:12", "app:1"))
check.equal(#listed, 12)
check.equal(listed[1].change .. " " .. listed[1].path, "added /a\nb")
check.equal(listed[3].change .. " " .. listed[3].path, "changed /etc/a")
check.equal(check.succeeds("image", "diff", "--format", "json", "empty"), "[]\n")
check.refused('no such image or layer: "abcd"\n  hint: `tinylua images` lists images, and `tinylua image tree` their layers', "image", "diff", "abcd")
check.equal(first.layers[1].diff_id, second.layers[1].diff_id)

-- A program that has got capabilities: cap_net_raw+ep (capabilities(7)).
if check.start == tiny.fork then
  local more = maker.image("caps", { { name = "program", program = "x" } }, {})
  local than = maker.image("less", { { name = "program 2", program = "x" } }, {})
  check.equal(check.succeeds("image", "diff", "less", "caps"), "")
  tiny.setxattr(check.root .. "/images/layers/" .. more.layers[1].diff_id:sub(8) .. "/fs/program", "security.capability", { value = string.pack("<I4I4I4I4I4", 0x02000001, 1 << 13, 0, 0, 0) })
  check.equal(check.succeeds("image", "diff", than.config:sub(8, 19), "caps"), "C  /program\n")
end

-- A container's changes are those of its image, whatever the host has.
local busybox = maker.busybox()
busybox.name, busybox["etc/own"] = "busybox", "x"
maker.image("run", { busybox }, {})
check.succeeds("run", "--name", "changed", "--network", "none", "run", "sh", "-c", "echo y >/etc/own; echo z >/etc/hostname-of-nobody; mkdir /boot-of-nobody; rm /etc/group; echo >/etc/fstab")
local function own(...)
  local text = check.succeeds("diff", ...):gsub("%a  /dev[^\n]*\n", "")
  for _, folder in ipairs { "proc", "sys" } do text = text:gsub("%a  /" .. folder .. "\n", "") end
  return text
end
local text = own "changed"
for _, line in ipairs { "C  /etc/own\n", "A  /etc/hostname%-of%-nobody\n", "A  /boot%-of%-nobody\n", "D  /etc/group\n", "A  /etc/fstab\n", "C  /etc\n" } do assert(text:find(line), text) end
local json = tiny.json_decode(check.succeeds("diff", "--format", "json", "changed"))
assert(json[1].change and json[1].path, tiny.show(json))
check.succeeds("rm", "changed")

-- Names of any bytes; nothing is left behind.
maker.image("odd", { { ["\xff"] = "x" } }, {})
check.equal(check.succeeds("image", "diff", "odd"), "A  /\\xff\n")
check.equal(tiny.json_decode(check.succeeds("image", "diff", "--format", "json", "odd"))[1].path, "/\\xff")
for _, mount in ipairs(tiny.mounts()) do assert(not mount.target:find("/images/", 1, true), mount.target) end
