-- CVE-2019-14271: docker cp loaded the container's libnss into a process of the host. Here the container is full of
-- libraries that report when they are loaded: no command loads one, whatever it looks up in the container.
local attack = require "attack"
local check = require "check"

if not os.execute("cc --version >/dev/null 2>&1") then check.skip("needs cc for a library") end
tiny.write_file("evil.c", [[
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void loaded(void) { int fd = open("/tmp/loaded", O_CREAT | O_WRONLY, 0600); if (fd >= 0) close(fd); }
]])
assert(os.execute("cc -shared -fPIC -o evil.so evil.c"))
-- The library does report: it is loaded by a program that uses it.
os.execute("LD_PRELOAD=/tmp/evil.so cat /dev/null")
assert(tiny.stat("/tmp/loaded"), "the library does nothing")
tiny.remove("/tmp/loaded")

local root = attack.rootfs("/tmp/root")
local machine = tiny.probe().kernel.machine
for _, folder in ipairs { "/lib", "/lib64", "/usr/lib", "/lib/" .. machine .. "-linux-gnu", "/usr/lib/" .. machine .. "-linux-gnu", "/usr/lib/gconv" } do
  tiny.mkdir(root .. folder, { parents = true })
  for _, name in ipairs { "files", "compat", "db", "dns", "systemd" } do tiny.copy_tree("/tmp/evil.so", ("%s%s/libnss_%s.so.2"):format(root, folder, name)) end
  for _, name in ipairs { "libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "UTF-16.so" } do tiny.copy_tree("/tmp/evil.so", ("%s%s/%s"):format(root, folder, name)) end
end
tiny.write_file(root .. "/etc/nsswitch.conf", "passwd: files compat db systemd\ngroup: files compat db systemd\nhosts: files dns\n")
tiny.write_file(root .. "/etc/ld.so.preload", "/lib/libnss_files.so.2\n")
tiny.write_file(root .. "/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n")
tiny.write_file(root .. "/etc/group", "root:x:0:\nweb:x:1000:\nmore:x:7:web\n")
tiny.write_file("given", "text")

local commands = 0
local function quiet(...)
  check.succeeds(...)
  commands = commands + 1
  for _, place in ipairs { "/tmp/loaded", root .. "/tmp/loaded" } do assert(not tiny.stat(place), (table.concat({ ... }, " "))) end
end
quiet("run", "--rm", "--rootfs", root, "true")
quiet("run", "--rm", "--rootfs", root, "-u", "web", "--group-add", "more", "--init", "true")
quiet("run", "-d", "--name", "c", "--rootfs", root, "--init", "--health-cmd", "true", "--health-interval", "100ms", "sleep", "1000")
quiet("exec", "c", "true")
quiet("exec", "-u", "web:more", "-t", "c", "true")
quiet("cp", "given", "c:/tmp/given")
quiet("cp", "-a", "given", "c:/tmp/again")
quiet("cp", "c:/etc", "/tmp/etc")
quiet("cp", "-aL", "c:/lib", "/tmp/lib")
quiet("top", "c")
quiet("stop", "-t", "0", "c")
quiet("cp", "c:/etc/passwd", "/tmp/passwd")
quiet("cp", "given", "c:/tmp/later")
quiet("start", "c")
quiet("rm", "-f", "c")
print(commands .. " commands")
check.no_container()
