-- diff and export of a container whose processes have several users, with the store below /tmp.
local check, layout, maker = require "check", require "image_layout", require "image_maker"

local base = layout.busybox()
base["home/kept"], base["home/changed"], base["home/gone"], base["home/sub/x"], base["etc/group"] = "k", "c", "g", "x", ""
-- Where every container has a mount, so that its start creates nothing.
for _, path in ipairs { "dev/.k", "proc/.k", "sys/.k", "run/.k", "etc/hosts", "etc/hostname", "etc/resolv.conf" } do base[path] = "" end
layout.make("/tmp/lay", { layers = { base }, tag = "1" })
check.succeeds("pull", "-q", "oci:/tmp/lay")
check.succeeds("run", "--network", "none", "--name", "one", "localhost/lay:1", "busybox", "sh", "-c", [[
  busybox echo new >/home/changed; busybox rm /home/gone; busybox mkdir /private
  busybox rm /etc/group; busybox echo p >/etc/shells; busybox echo s >/private/file; busybox chown -R 7:8 /private; busybox chmod -R go= /private
]])
-- /etc/shells is a file of the host, not of the image.
assert(tiny.stat "/etc/shells", "a file of the host")
check.equal(check.succeeds("diff", "one"):gsub(" +", " "), "C /etc\nD /etc/group\nA /etc/shells\nC /home\nC /home/changed\nD /home/gone\nA /private\nA /private/file\n")
check.succeeds("export", "-o", "/tmp/one.tar", "one")
local out = io.popen("tar -tvf /tmp/one.tar"):read "a"
for _, line in ipairs { "7/8 .* private/file\n", "etc/shells\n", "home/kept\n", "home/sub/x\n" } do assert(out:find(line), line .. ": " .. out) end
assert(not out:find "home/gone", out)
-- Nothing is left of layers with files of other users.
check.succeeds("commit", "one", "two:1")
check.succeeds("rm", "one")
check.succeeds("rmi", "localhost/lay:1", "two:1")
check.succeeds "gc"
for _, name in ipairs { "blobs/sha256", "layers", "refs", "trash" } do check.equal(#tiny.list_dir(check.root .. "/images/" .. name), 0, name) end

-- An image without layers.
maker.image("empty", {}, {})
check.succeeds("create", "--network", "none", "--name", "none", "empty", "x")
check.equal(check.succeeds("diff", "none"), "")
check.succeeds("export", "-o", "/tmp/none.tar", "none")
check.equal(io.popen("tar -tf /tmp/none.tar"):read "a", "./\n")
check.succeeds("rm", "none")
check.no_container()
