-- read_file: reads whole regular files; never blocks, and never follows a link out of the root.
local check = require "check"

local bytes = "\0\255 line\n\r\n"
tiny.write_file("file", bytes)
check.equal(tiny.read_file("file"), bytes)
tiny.write_file("empty", "")
check.equal(tiny.read_file("empty"), "")
check.equal(tiny.read_file("nowhere"), nil)
check.equal(tiny.read_file("file/below"), nil)
assert(#tiny.read_file("/proc/self/status") > 100, "a file without a size")

-- A FIFO without a writer, and devices: refused at once.
tiny.mknod("fifo", "fifo")
for _, path in ipairs { "fifo", "/dev/zero", "/dev/null" } do
  local err = check.fails("EINVAL", tiny.read_file, path)
  check.equal(err.path, path)
  assert(err.message:find("it is not a regular file", 1, true), err.message)
end
check.equal(check.fails("EISDIR", tiny.read_file, "/tmp").hint, "it is a directory")

tiny.write_file("big", ("x"):rep(4097))
local err = check.fails("EFBIG", tiny.read_file, "big", { max = "4k" })
check.equal(err.hint, "the file is larger than `max`; raise it")
check.equal(#tiny.read_file("big", { max = 4097 }), 4097)

tiny.write_file("secret", "", { mode = tonumber("600", 8) })
check.inside({}, function()
  tiny.setuser(12345)
  check.equal(check.fails("EACCES", tiny.read_file, "secret").path, "secret")
end)
tiny.mkdir("root")
tiny.symlink("/etc/passwd", "root/link")
check.equal(tiny.read_file("link", { root = "root" }), nil)
check.refuses("path is missing: read_file(path [, options])", tiny.read_file)
check.refuses('path: "file\\0" has a NUL byte', tiny.read_file, "file\0")
check.refuses([[option "max": -1 is not a size: it is negative]], tiny.read_file, "file", { max = -1 })

-- A sysctl is read completely, whatever length stat(2) reports.
check.equal(tiny.read_file("/proc/sys/fs/nr_open"):match("^%d%d+\n$") ~= nil, true)
