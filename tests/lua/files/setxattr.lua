-- setxattr: sets an attribute with any bytes; for a link, on the link itself.
local check = require "check"

-- The kernel's answer, through another program.
local function attribute(path, name)
  local out, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { "perl", "-e", [[require 'syscall.ph'; my $b = ' ' x 100; my $n = syscall(&SYS_lgetxattr, $ARGV[0], $ARGV[1], $b, 100); print $n < 0 ? "none" : substr($b, 0, $n)]], path, name }
  end)
  into:close()
  local text = out:read()
  child:wait()
  return text
end
tiny.write_file("file", "")
tiny.symlink("file", "link")
tiny.setxattr("file", "trusted.test", { value = "a\0b" })
check.equal(attribute("file", "trusted.test"), "a\0b")
tiny.setxattr("link", "trusted.test", { value = "link" })
check.equal(attribute("link", "trusted.test"), "link")
check.equal(attribute("file", "trusted.test"), "a\0b")

check.equal(check.fails("ENOENT", tiny.setxattr, "nowhere", "trusted.x", { value = "" }).path, "nowhere")
local err = check.fails("EOPNOTSUPP", tiny.setxattr, "/proc/self/status", "trusted.x", { value = "" })
check.equal(err.hint, "the file system does not support this attribute")
check.inside({}, function()
  tiny.setuser(12345)
  check.equal(check.fails("EPERM", tiny.setxattr, "file", "trusted.x", { value = "" }).hint, "trusted.* needs CAP_SYS_ADMIN")
end)
check.refuses([[option "value" is missing: its bytes]], tiny.setxattr, "file", "trusted.x")
