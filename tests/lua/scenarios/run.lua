-- run: the container sees only its own resources, and leaves nothing behind.
local check = require "check"

local function inside(...)
  return (check.succeeds("run", "--rm", ...):gsub("\n$", ""))
end

check.equal(inside("--hostname", "web", "cat", "/proc/sys/kernel/hostname"), "web")
check.equal(inside("sh", "-c", "echo $$"), "1")
check.equal(inside("-e", "A=b c", "-e", "B=", "sh", "-c", "echo $A-$B"), "b c-")
check.equal(inside("-w", "/var/new", "pwd"), "/var/new")
check.equal(inside("-u", "nobody", "id", "-u"), "65534")
check.equal(inside("-u", "12:34", "sh", "-c", "echo $(id -u) $(id -g) $(id -G)"), "12 34 34")
check.equal(inside("sh", "-c", "echo out; echo err >&2"), "out")
check.equal(inside("sh", "-c", "ls /sys/class/net"), "lo")
check.equal(inside("sh", "-c", "ls -l /proc/self/fd | wc -l"), "5", "0, 1, 2, ls's own, and the total")
check.equal(check.run({ "run", "--rm", "-i", "cat" }, "typed").out, "typed")
check.equal(check.run({ "run", "--rm", "cat" }, "typed").out, "", "without -i nothing is passed on")
-- The host's private directories are hidden, and its files stay unchanged.
check.equal(inside("sh", "-c", "ls -A /root /run; cat /etc/shadow 2>/dev/null; echo done >/etc/made-inside; ls /etc/made-inside"):match("([^\n]*)$"), "/etc/made-inside")
check.equal(tiny.stat("/etc/made-inside"), nil, "a file written inside")
check.equal(check.run({ "run", "--rm", "sh", "-c", "ls -A /root /run | grep -v : | grep ." }).out, "", "private folders")
check.equal(check.run({ "run", "--rm", "cat", "/etc/shadow" }).status, 1, "secrets")
check.no_container()
