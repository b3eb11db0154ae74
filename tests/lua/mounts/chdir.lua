-- chdir: changes the working directory of the process.
local check = require "check"

tiny.mkdir("folder")
tiny.write_file("folder/file", "x")
tiny.chdir("folder")
check.equal(tiny.readlink("/proc/self/cwd"), "/tmp/folder")
check.equal(tiny.read_file("file"), "x")

local err = check.fails("ENOENT", tiny.chdir, "nowhere")
check.equal(err.path, "nowhere")
check.equal(err.hint, "there is no such directory in this root")
check.fails("ENOTDIR", tiny.chdir, "file")
check.refuses([[path: "a\0b" has a NUL byte]], tiny.chdir, "a\0b")
check.fails("ENOENT", tiny.chdir, "\xff")

-- Below a root, nothing leads out of it: neither a link nor a descriptor that is open here.
tiny.mkdir("root/inside", { parents = true })
tiny.symlink("/inside", "root/link")
local held <close> = tiny.open("/etc", { read = true })
check.inside({}, function()
  tiny.chdir("/link", { root = "root" })
  check.equal(tiny.readlink("/proc/self/cwd"):match("[^/]+$"), "inside")
  for number = 3, 20 do
    if tiny.try(tiny.readlink, "/proc/self/fd/" .. number) then
      check.fails("ELOOP", tiny.chdir, "/proc/self/fd/" .. number, { root = "/" })
    end
  end
end)
