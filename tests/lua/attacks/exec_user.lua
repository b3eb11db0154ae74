-- CVE-2026-30892 and similar: a user name or number that is parsed as root, in `run -u` and `exec -u`.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
tiny.write_file(root .. "/etc/passwd", "root:x:0:0::/root:/bin/sh\n1000:x:0:0::/:/bin/sh\nweb:x:1:1::/:/bin/sh\nover:x:4294967296:0::/:\n"
  .. "minus:x:-1:0::/:\nhex:x:0x0:0::/:\nlast:x:4294967295:4294967295::/:\nempty:x:::/:\nfraction:x:0.5:0::/:\nspace:x: 0:0::/:\n")
tiny.write_file(root .. "/etc/group", "root:x:0:\n7:x:0:\nweb:x:1:\nwide:x:4294967296:\n")
check.succeeds("run", "-d", "--rootfs", root, "--name", "c", "sleep", "100")

local function as(user) return { check.run { "exec", "-u", user, "c", "id", "-u" }, check.run { "run", "--rm", "--rootfs", root, "-u", user, "id", "-u" } } end
for user, uid in pairs { ["1"] = 1, ["1000"] = 1000, ["web"] = 1, ["65534"] = 65534, ["1:0"] = 1, ["4294967294"] = 4294967294, ["0001"] = 1 } do
  for _, result in ipairs(as(user)) do check.equal(result.out, uid .. "\n", user .. ": " .. result.err) end
  -- A user other than root has no capabilities left.
  check.equal(check.succeeds("exec", "-u", user, "c", "grep", "CapEff", "/proc/self/status"), "CapEff:\t0000000000000000\n")
end
local count = 0
for _, user in ipairs { "", ":", ":0", "-1", "+1", " 1", "1 ", "0x1", "1e0", "1.0", "4294967295", "4294967296", "18446744073709551616", "99999999999999999999999",
  "1:-1", "1:4294967295", "1:4294967296", "web:wide", "over", "minus", "hex", "last", "empty", "fraction", "space", "nobody-here", "web:nobody-here", "1:1:1", "1\n0" } do
  for _, result in ipairs(as(user)) do
    check.equal(result.status, 125, ("%q: %s%s"):format(user, result.out, result.err))
    count = count + 1
  end
end
print(count .. " refused")
check.succeeds("rm", "-f", "c")
check.no_container()
