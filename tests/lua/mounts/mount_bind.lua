-- mount_bind: shows files at a second path; the flags are effective, also on mounts below it.
local check = require "check"

tiny.mkdir("from/below", { parents = true })
tiny.mount_tmpfs("from/below")
tiny.write_file("from/file", "one")
tiny.write_file("from/below/file", "two")
local function all_there(path)
  check.equal(tiny.read_file(path .. "/file"), "one")
  check.equal(tiny.read_file(path .. "/below/file"), "two")
end

-- The ways to update access times are one setting, and replace the one of the source.
do
  tiny.mkdir("times")
  tiny.mkdir("bound")
  local source <close> = tiny.mount_tmpfs("times", { noatime = true })
  for flag, options in pairs { relatime = "rw,relatime", strictatime = "rw", nodiratime = "rw,noatime,nodiratime", noatime = "rw,noatime" } do
    local bound <close> = tiny.mount_bind("times", "bound", { [flag] = true })
    check.equal(check.mount_at("/tmp/bound").options, options, flag)
  end
end

-- Read-only applies to every mount of the tree, and only there.
do
  local bind <close> = tiny.mount_bind("from", "ro", { read_only = true, create = true })
  check.equal(bind.path, "ro")
  all_there("ro")
  for _, path in ipairs { "ro/new", "ro/below/new" } do
    local err = check.fails("EROFS", tiny.write_file, path, "")
    check.equal(err.path, path)
  end
  check.fails("EROFS", tiny.remove, "ro/below/file")
  tiny.write_file("from/new", "")
  assert(tiny.stat("ro/new"), "it is the same folder")
end
check.equal(check.mount_at("/tmp/ro"), nil, "after <close>")
check.equal(check.mount_at("/tmp/ro/below"), nil, "after <close>")

tiny.mkdir("flat")
tiny.mount_bind("from", "flat", { recursive = false })
check.equal(tiny.read_file("flat/file"), "one")
check.equal(tiny.stat("flat/below/file"), nil, "not recursive")

-- noexec, nosuid, nodev, nosymfollow: each by its effect.
tiny.mkdir("tools")
tiny.mount_tmpfs("tools")
tiny.write_file("tools/run", "#!/bin/sh\nexit 7\n", { mode = tonumber("755", 8) })
tiny.mknod("tools/null", "char", { major = 1, minor = 3 })
tiny.symlink("run", "tools/link")
local function status(path)
  local child <close> = tiny.fork(function() tiny.exec { path } end)
  return child:wait()
end
check.equal(status("/tmp/tools/run"), 7)
check.equal(tiny.open("tools/null"):read(), nil)
local held <close> = tiny.mount_bind("tools", "held", { noexec = true, nosuid = true, nodev = true, nosymfollow = true, noatime = true, create = true })
check.equal(check.fails("EACCES", status, "/tmp/held/run").op, "exec")
check.equal(check.fails("EACCES", tiny.open, "held/null").path, "held/null")
check.fails("ELOOP", tiny.read_file, "held/link")
local options = check.mount_at("/tmp/held").options
for _, word in ipairs { "rw", "nosuid", "nodev", "noexec", "noatime", "nosymfollow" } do
  assert((options .. ","):find(word .. ",", 1, true), options)
end

-- A file on a file, through links and below a root that the links cannot leave.
tiny.mkdir("root/etc", { parents = true })
tiny.symlink("/etc/passwd", "root/etc/outward")
tiny.write_file("root/etc/passwd", "inside")
tiny.mount_bind("from/file", "/etc/outward", { root = "root" })
check.equal(tiny.read_file("root/etc/passwd"), "one")
assert(tiny.read_file("/etc/passwd") ~= "one", "the host's file was covered")
tiny.mount_bind("from/file", "made/for/it", { root = "root", create = true })
check.equal(tiny.stat("root/made/for/it").kind, "file")
check.equal(tiny.stat("root/made").mode, tonumber("755", 8))
tiny.mount_bind("/etc/passwd", "from/file", { source_root = "root" })
check.equal(tiny.read_file("from/file"), "one")

-- Where a dangling link leads, the mount point is created inside the root; without a root it is an error.
tiny.symlink("/tmp/../../planted/dir", "root/dangling")
tiny.mount_bind("from", "dangling", { root = "root", create = true }):close()
check.equal(tiny.stat("root/planted/dir").kind, "dir")
tiny.symlink("../../planted/file", "root/dangling-file")
tiny.mount_bind("from/file", "dangling-file", { root = "root", create = true }):close()
check.equal(tiny.stat("root/planted/file").kind, "file")
check.equal(tiny.stat("planted"), nil)
check.equal(tiny.stat("/planted"), nil)
tiny.symlink("nowhere", "outside-dangling")
for _, source in ipairs { "from", "from/file" } do
  local err = check.fails("ENOENT", tiny.mount_bind, source, "outside-dangling", { create = true })
  assert(err.message:find("it is a dangling symbolic link", 1, true), err.message)
  assert(not err.hint:find("create = true", 1, true), "the hint recommends what was given: " .. err.hint)
end
check.equal(tiny.stat("nowhere"), nil)

check.fails("ENOTDIR", tiny.mount_bind, "from", "root/etc/passwd")
check.fails("ENOTDIR", tiny.mount_bind, "from", "root/etc/passwd", { create = true })
check.fails("ENOTDIR", tiny.mount_bind, "from/file", "flat")
local missing = check.fails("ENOENT", tiny.mount_bind, "nowhere", "flat")
check.equal(missing.path, "nowhere")
assert(missing.hint:match("create = true"), missing.hint)
check.refuses([[unknown option "readonly"; did you mean "read_only"?]],
  tiny.mount_bind, "from", "flat", { readonly = true })
check.refuses([[option "read_only": expected boolean, got 1]], tiny.mount_bind, "from", "flat", { read_only = 1 })
check.refuses("target is missing: mount_bind(source, target [, options])", tiny.mount_bind, "from")
check.refuses([[option "idmap": expected userns handle, got true]], tiny.mount_bind, "from", "flat", { idmap = true })

-- A failing body unmounts too, whatever its working directory.
tiny.try(function()
  local bind <close> = tiny.mount_bind("from", "gone", { create = true })
  assert(check.mount_at("/tmp/gone"))
  tiny.chdir("/")
  error("x")
end)
check.equal(check.mount_at("/tmp/gone"), nil)
