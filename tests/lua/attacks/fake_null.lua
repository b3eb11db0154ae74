-- CVE-2025-31133: the /dev/null of a rootfs is a link to a file that must not be written, or a readable file, so that
-- masked paths would show it.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
local function masked_shows(prepare)
  os.execute("rm -rf /tmp/root/dev; mkdir /tmp/root/dev")
  prepare()
  return check.succeeds("run", "--rm", "--rootfs", root, "sh", "-c",
    "for f in /proc/timer_list /proc/keys /proc/interrupts /proc/kcore; do [ -e $f ] && stat -c '%F %t:%T' $f && head -c 5 $f; done; stat -c '%F %t:%T' /dev/null")
end
for name, prepare in pairs {
  plain = function() tiny.write_file(root .. "/dev/null", "decoy") end,
  link = function() tiny.symlink("/proc/sys/kernel/core_pattern", root .. "/dev/null") end,
  device = function() tiny.mknod(root .. "/dev/null", "char", { major = 1, minor = 8 }) end,
  folder = function() os.execute("rmdir /tmp/root/dev; ln -s proc /tmp/root/dev") end,
} do
  local shown = masked_shows(prepare)
  local count = 0
  for line in shown:gmatch("[^\n]+") do
    check.equal(line, "character special file 1:3", name)
    count = count + 1
  end
  -- If /dev is a link to /proc, there is no /proc in which to see anything.
  assert(count > 1 or name == "folder", name .. ": nothing is masked here")
end
check.no_container()
